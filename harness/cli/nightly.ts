/**
 * `chaos nightly`: what a night has time for, from what failed before to new random schedules, and
 * what came of it as one folder.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Night, NightEntry, PartName } from '../../reports/render/night.ts'
import { renderNightJunit } from '../../reports/render/night-junit.ts'
import {
  renderAnnotations,
  renderIssue,
  renderNightMarkdown,
} from '../../reports/render/night-markdown.ts'
import type { Report } from '../../reports/render/model.ts'
import { Histories } from '../nightly/histories.ts'
import { nightBefore, nightFile, nightsFolder } from '../nightly/nights.ts'
import { playNight } from '../nightly/night.ts'
import { runFolder } from '../report/outcome.ts'
import {
  readKeptSeeds,
  seedsFile,
  withSeeds,
  writeKeptSeeds,
  type KeptSeed,
} from '../schedules/kept-seeds.ts'
import { edgeTrouble } from '../world/edge-trouble.ts'
import { exitCodes } from '../world/exit-codes.ts'
import { makeFolder } from '../world/folders.ts'
import { repoRoot } from '../world/places.ts'
import { thisMachine } from '../world/this-machine.ts'
import type { CommandWorld, Screen } from '../world/command-world.ts'
import { paint, plain, sayVerdict } from './console.ts'
import { durationOf } from './duration.ts'
import { nightParts } from './nightly-parts.ts'
import { quoted } from './quoted.ts'

export interface NightlyOptions {
  readonly for: string
  readonly seed?: string
  readonly out?: string
  /** Another file of kept seeds, whose seeds are kept as well. */
  readonly seedsFrom?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Files of a night in its folder, besides its parts. */
const files = {
  summary: 'nightly.md',
  junit: 'junit.xml',
  issue: 'issue.md',
  annotations: 'annotations.txt',
} as const

/** @returns 0 if all that was run holds, 1 if something failed, 2 if it cannot be told */
export async function nightly(given: CommandWorld, options: NightlyOptions): Promise<number> {
  const budgetMs = durationOf(options.for)
  const { json = false, quiet = false, seedsFrom } = options
  const carried = seedsFrom === undefined ? [] : readKeptSeeds(resolve(seedsFrom))
  const kept = withSeeds(readKeptSeeds(), carried)
  const seed = options.seed ?? randomBytes(4).toString('hex')
  const folder = resolve(options.out ?? runFolder(given.clock.unixMs(), seed, nightsFolder))
  const line = (text: string) => void (json || given.out.write(`${plain(text)}\n`))
  const reproduce = `npm run chaos -- nightly --for ${options.for} --seed ${quoted(seed)}`
  const reports = new Map<PartName, Report>()
  const histories = new Histories()
  const place = { given, seed, folder, quiet, json, reproduce, histories, reports, line }
  const failed: KeptSeed[] = []
  const parts = nightParts(place, kept, (one) => failed.push(one))
  prepare(folder)
  const night = await playNight({
    clock: given.clock,
    signal: given.signal,
    budgetMs,
    parts,
    before: before(folder, line),
    seed,
    version: versionOf(repoRoot),
    machine: thisMachine(),
    reproduce,
    line,
  })
  write(folder, night, reports)
  keep(kept, failed)
  if (json) given.out.write(`${JSON.stringify(night)}\n`)
  else given.out.write(`${closing(given.out, night, folder).join('\n')}\n`)
  return exitCodes[night.isInterrupted ? 'unknown' : night.verdict].code
}

/** What an earlier night left in this folder is not this night's. */
function prepare(folder: string): void {
  try {
    makeFolder(folder)
    for (const name of [nightFile, ...Object.values(files)]) {
      rmSync(join(folder, name), { force: true })
    }
  } catch (error) {
    throw edgeTrouble(error, folder)
  }
}

/** The night before, whose rest this one begins with. */
function before(folder: string, line: (text: string) => void): Night | undefined {
  const found = nightBefore(folder)
  if (found === undefined || 'night' in found) return found?.night
  line(`${found.trouble} This night begins in the usual order.`)
  return undefined
}

/** The commit of a checkout, with a plus if something was changed since. */
function versionOf(folder: string): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    const isChanged = git('status', '--porcelain') !== ''
    return `${git('rev-parse', 'HEAD')}${isChanged ? '+' : ''}`
  } catch {
    // A copy without its repository is still worth a night.
    return 'unknown'
  }
}

function write(folder: string, night: Night, reports: ReadonlyMap<PartName, Report>): void {
  const texts: readonly (readonly [name: string, text: string | undefined])[] = [
    [files.summary, renderNightMarkdown(night)],
    [files.junit, renderNightJunit(night, reports)],
    [files.annotations, renderAnnotations(night)],
    [files.issue, renderIssue(night)],
    // The last one: a folder with it holds a whole night.
    [nightFile, `${JSON.stringify(night, undefined, 2)}\n`],
  ]
  try {
    for (const [name, text] of texts) {
      if (text === undefined) continue
      writeFileSync(join(folder, `${name}.unfinished`), text)
      renameSync(join(folder, `${name}.unfinished`), join(folder, name))
    }
  } catch (error) {
    throw edgeTrouble(error, folder)
  }
}

/** The file is touched only where there is something new. */
function keep(kept: readonly KeptSeed[], failed: readonly KeptSeed[]): void {
  const all = withSeeds(kept, failed)
  if (JSON.stringify(all) === JSON.stringify(readKeptSeeds())) return
  try {
    writeKeptSeeds(all)
  } catch (error) {
    throw edgeTrouble(error, seedsFile)
  }
}

const linesMax = 20

/** The last lines of a night. */
function closing(out: Screen, night: Night, folder: string): string[] {
  const of = (outcome: NightEntry['outcome']) =>
    night.entries.filter((one) => one.outcome === outcome)
  const troubles = [...of('fail'), ...of('unknown')].slice(0, linesMax).flatMap((one) => {
    const verdict = one.outcome === 'fail' ? 'fail' : 'unknown'
    const head = `  ${sayVerdict(out, verdict)} ${one.part}: ${one.name}: ${plain(one.why)}`
    return [head, `          repeat: ${one.reproduce}`]
  })
  const left = of('not-run').length
  const lacks = night.parts.flatMap(({ name, lacks: why }) => (why ? [`  ${name}: ${why}`] : []))
  const counts = (['pass', 'fail', 'unknown', 'not-applicable', 'not-run'] as const)
    .map((outcome) => [of(outcome).length, outcome.replace('-', ' ')] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
  const rest = `Not run for lack of time: ${left}; the next night begins with these.`
  const ran = night.parts.map(({ name, took }) => `${name} ${Math.round(took)} s`)
  return [
    '',
    ...(night.isInterrupted ? ['Interrupted: these are not the results of a whole night.'] : []),
    ...troubles,
    ...lacks,
    ...(left > 0 ? [paint(out, 'dim', rest)] : []),
    `Total: ${counts.join(', ')} (${ran.join(', ')}).`,
    `${sayVerdict(out, night.verdict)} ${relative('', join(folder, files.summary))}`,
    `repeat: ${night.reproduce}`,
  ]
}

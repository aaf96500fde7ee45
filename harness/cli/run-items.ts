/** What `run` and `reproduce` share: a world, a stack, a suite, a report. */
import { randomBytes } from 'node:crypto'
import { accessSync, constants, readdirSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { sleep } from '../../relay/world/clock.ts'
import { orAborted } from '../../relay/world/deadline.ts'
import { undoLeftovers } from '../conductor/heal.ts'
import { isItemFolder, runSuite, type Afterwards, type SuiteOutcome } from '../conductor/suite.ts'
import type { Endless, SuiteItem } from '../conductor/suite-order.ts'
import type { Report } from '../../reports/render/model.ts'
import type { SelectedStack } from '../stack/registry.ts'
import type { Stack } from '../stack/stack.ts'
import { edgeTrouble, folderTrouble } from '../world/edge-trouble.ts'
import { makeFolder } from '../world/folders.ts'
import { stateFolder } from '../world/places.ts'
import { Trouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { openConsole, type Console, type Detail } from './console.ts'
import { standardCharts } from '../report/charts.ts'
import { runFolder, writeReport } from '../report/outcome.ts'
import { reportOf, withTrouble } from '../report/report-model.ts'

export interface RunItemsOptions {
  readonly seed?: string
  /** Folder for the record; created if missing. A record in it is replaced. */
  readonly out?: string
  readonly json?: boolean
  readonly quiet?: boolean
  /** A `file_sd` file that has the target for as long as it runs. */
  readonly fileSd?: string
}

export interface RunOutcome extends SuiteOutcome {
  readonly report: Report
  /** Path of the HTML report; undefined if it could not be written. */
  readonly page: string | undefined
  readonly isInterrupted: boolean
}

/** What to run once the seed is known, and its title. */
export interface RunPlan {
  readonly title: string
  readonly items: (seed: string) => readonly SuiteItem[]
  /** What follows behind them, where it is as many as fit. */
  readonly endless?: (seed: string, startedMs: number) => Endless
  /** Looks at every item that was judged, before the next. */
  readonly afterwards?: (shown: Console) => Afterwards
  readonly reproduce: (seed: string) => string
  /** Of a plan that is to reproduce a finding: whether it did. */
  readonly reproduction?: (outcome: SuiteOutcome) => NonNullable<Report['reproduction']>
}

/** How long a starting stack may take to stop after Ctrl-C. */
const restMs = 10_000

/** Runs a plan from nothing to a report. Nothing is left running, also after a failure. */
export async function runItems(
  given: CommandWorld,
  options: RunItemsOptions,
  chosen: SelectedStack,
  plan: RunPlan,
): Promise<RunOutcome> {
  const startedMs = given.clock.nowMs()
  const seed = options.seed ?? randomBytes(4).toString('hex')
  const folder = resolve(options.out ?? runFolder(given.clock.unixMs(), seed))
  const shown = openConsole(given.clock, given.out, detailOf(options))
  const items = plan.items(seed)
  try {
    const { fileSd } = options
    const planned = {
      seed,
      folder,
      items,
      chosen,
      plan,
      startedMs,
      ...(fileSd !== undefined && { targetFile: resolve(fileSd) }),
    }
    const outcome = await runAll(given, shown, planned)
    const head = {
      title: plan.title,
      seed,
      reproduce: plan.reproduce(seed),
      startedUnixMs: given.clock.unixMs() - (given.clock.nowMs() - startedMs),
      tookMs: Math.round(given.clock.nowMs() - startedMs),
      ...(plan.reproduction && { reproduction: plan.reproduction(outcome) }),
    }
    const report = reportOf(head, outcome.results, outcome.unplayed)
    return { ...outcome, ...write(folder, report), isInterrupted: given.signal.aborted }
  } finally {
    shown.close()
  }
}

const detailOf = ({ json, quiet }: RunItemsOptions): Detail =>
  json === true ? 'nothing' : quiet === true ? 'trouble' : 'all'

interface PlannedItems {
  readonly seed: string
  readonly folder: string
  readonly items: readonly SuiteItem[]
  readonly chosen: SelectedStack
  readonly plan: RunPlan
  readonly startedMs: number
  readonly targetFile?: string
}

/** If the servers do not start, no item ran, for one reason. */
async function runAll(
  given: CommandWorld,
  shown: Console,
  { seed, folder, items, chosen, plan, startedMs, targetFile }: PlannedItems,
): Promise<SuiteOutcome> {
  let world: World | undefined
  let stack: Stack | undefined
  try {
    prepareFolder(folder)
    if (targetFile !== undefined) requireWritable(targetFile)
    world = await openWorld(given.clock)
    await tellLeftovers(world, shown)
    stack = await startStack(world, shown, folder, chosen, given.signal)
    const { report } = shown
    const { signal } = given
    const order = { seed, folder, items, stack, report, signal, draw: standardCharts }
    const { names } = chosen
    const endless = plan.endless?.(seed, startedMs)
    const whole = {
      ...order,
      ...(names && { names }),
      ...(endless && { endless }),
      ...(targetFile !== undefined && { targetFile }),
    }
    return await runSuite(world, whole, plan.afterwards?.(shown))
  } catch (error) {
    const cause = edgeTrouble(error, folder)
    if (!(cause instanceof Trouble) && !given.signal.aborted) throw error
    const why = (cause as Error).message
    return { results: [], unplayed: items.map((item) => ({ item, why })) }
  } finally {
    await stack?.stop()
    await world?.close()
  }
}

/** Makes the folder, and removes from it what an earlier run of ours recorded there. */
function prepareFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    throw folderTrouble(folder, (error as Error).message, error)
  }
  for (const name of readdirSync(folder).filter(isItemFolder)) {
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

/** Before anything starts: nobody would see that the target is not in the file. */
function requireWritable(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new Trouble(
      'disk-full',
      `--file-sd: cannot write into the folder of ${file}: ${(error as Error).message}`,
      'name a file in a folder that is there and may be written to',
      error,
    )
  }
}

/** Without a written report the verdict cannot be better than unknown. */
function write(folder: string, report: Report): Pick<RunOutcome, 'report' | 'page'> {
  try {
    return { report, page: relative('', writeReport(folder, report)) }
  } catch (error) {
    const { message } = edgeTrouble(error, folder) as Error
    return { report: withTrouble(report, message), page: undefined }
  }
}

async function startStack(
  world: World,
  shown: Console,
  folder: string,
  chosen: SelectedStack,
  signal: AbortSignal,
): Promise<Stack> {
  const beganMs = world.clock.nowMs()
  if (chosen.hint !== undefined) shown.line(chosen.hint)
  shown.line(chosen.says)
  const starting = chosen.start({
    world,
    report: (says) => shown.report({ at: 'step', says }),
    logFolder: `${folder}/stack-logs`,
  })
  const stack = await orAborted(signal, starting).catch(async (error: unknown) => {
    // A server that starts late must be known, to be ended with the world.
    const late = starting.then((one) => one.stop()).catch(() => undefined)
    await Promise.race([late, sleep(world.clock, restMs)])
    throw inThreeLines(error)
  })
  const versions = Object.entries(stack.versions).map(([name, version]) => `${name} ${version}`)
  const tookSeconds = ((world.clock.nowMs() - beganMs) / 1_000).toFixed(1)
  shown.line(`ready after ${tookSeconds} s: ${versions.join(', ')}`)
  return stack
}

/** Why the servers do not start: what is required, what was found, how to fix it. */
function inThreeLines(error: unknown): unknown {
  if (!(error instanceof Trouble) || error.lack !== undefined) return error
  const lines = error.what.split('\n').map((line) => line.trim())
  const found = lines.length === 1 ? error.what : `${lines[0]} ${lines.at(-1)}`
  const wanted = 'Kafka, Redis and Toxiproxy, running and reachable'
  return new Trouble(error.code, { wanted, found }, error.todo, error)
}

/** What an earlier, killed run left is cleaned up at every start; the user is notified. */
async function tellLeftovers(world: World, shown: Console): Promise<void> {
  const { ended, removed, left } = world.swept
  const healed = await undoLeftovers(world.clock, stateFolder)
  const cleaned = [...ended, ...removed, ...healed.undone]
  if (cleaned.length > 0) shown.line(`cleaned up after a killed run: ${cleaned.join(', ')}`)
  for (const one of [...left, ...healed.left]) shown.line(`could not clean up: ${one}`)
}

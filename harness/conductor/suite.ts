/** Runs scenarios one after another on one stack, and judges each as soon as it is over. */
import { basename, join } from 'node:path'
import { journalFiles } from '../history/lines.ts'
import type { RunVerdict } from '../judge/judge.ts'
import { judgeRun, type Excerpt } from '../judge/judged-run.ts'
import { historyFolder, writeRecord, type RunRecord } from '../judge/record.ts'
import { sayTestimony } from '../judge/testimony.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { knownOfReference, timingOf } from '../targets/environment.ts'
import { capabilitiesOf, defectOfTarget, recordedTarget } from '../targets/registry.ts'
import { edgeTrouble } from '../world/edge-trouble.ts'
import { stateFolder } from '../world/places.ts'
import { thisMachine } from '../world/this-machine.ts'
import { isTrouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { messageOf } from './act.ts'
import { conduct, type Played } from './conductor.ts'
import { openUndoLog, type UndoLog } from '../world/undo-log.ts'
import { firstContact } from './first-contact.ts'
import { planOf } from './plan.ts'
import { partsLeft } from './kinds.ts'
import type { SuiteItem, SuiteOrder } from './suite-order.ts'

/** An item that ran and was judged. `folder` holds its record, its history and its logs. */
export interface SuiteResult {
  readonly item: SuiteItem
  readonly folder: string
  readonly record: RunRecord
  readonly verdict: RunVerdict
  /** What is shown of its history, which is not held any longer. */
  readonly excerpt: Excerpt
  /** What came of the search for less that fails alike, and the command that repeats it. */
  readonly smaller?: { readonly says: string; readonly reproduce?: string }
}

/** An item with nothing to judge, and why. */
export interface Unplayed {
  readonly item: SuiteItem
  readonly why: string
}

/** Every item of the order is in one of the two. */
export interface SuiteOutcome {
  readonly results: readonly SuiteResult[]
  readonly unplayed: readonly Unplayed[]
}

/** Runs an item beside the suite: it is judged and recorded, but is in no report. */
export type PlayBeside = (item: SuiteItem, folder: string) => Promise<RunVerdict>

/**
 * Looks at an item that was judged, before the next one runs, and may run others beside the
 * suite. What it returns is the result that is reported.
 */
export type Afterwards = (result: SuiteResult, play: PlayBeside) => Promise<SuiteResult>

/** Runs all items. What cannot run is reported, and the next one is tried. */
export async function runSuite(
  world: World,
  order: SuiteOrder,
  afterwards?: Afterwards,
): Promise<SuiteOutcome> {
  const results: SuiteResult[] = []
  const unplayed: Unplayed[] = []
  const undoLog = openUndoLog(stateFolder)
  let lost = await firstContact(world, order, undoLog)
  // Parts of a scenario that are left over run directly after it.
  const items = [...order.items]
  for (let index = 0; ; index += 1) {
    const item = items[index] ?? further(order, results, lost)
    if (item === undefined) return { results, unplayed }
    items[index] = item
    const over = order.signal.aborted ? messageOf(order.signal.reason) : lost
    if (over !== undefined) {
      unplayed.push({ item, why: over })
      continue
    }
    tellScenario(world, order, items, index, results)
    try {
      const folder = join(order.folder, itemFolder(item, index))
      const result = await runItem(world, order, item, folder, undoLog)
      const play: PlayBeside = async (other, name) =>
        (await runItem(world, order, other, join(folder, name), undoLog, silent)).verdict
      results.push((await afterwards?.(result, play)) ?? result)
      items.splice(index + 1, 0, ...partsLeft(result))
    } catch (error) {
      const why = messageOf(edgeTrouble(error, order.folder))
      if (isTrouble(error, 'server-gone')) lost = why
      order.report({ at: 'step', says: why })
      unplayed.push({ item, why })
    }
  }
}

/** The next item of a suite without an end, while there is time for one. */
function further(
  { endless, signal }: SuiteOrder,
  results: readonly SuiteResult[],
  lost: string | undefined,
): SuiteItem | undefined {
  if (endless === undefined || signal.aborted || lost !== undefined) return undefined
  const longestMs = Math.max(0, ...results.map(({ record }) => record.tookMs))
  return endless.next(longestMs)
}

function tellScenario(
  { clock }: World,
  { report, endless }: SuiteOrder,
  items: readonly SuiteItem[],
  index: number,
  results: readonly SuiteResult[],
): void {
  const { name, claim } = items[index]!.scenario
  const count = { index: index + 1, ...(endless === undefined && { of: items.length }) }
  const leftMs =
    endless === undefined
      ? timeLeftMs(items.slice(index), results)
      : endless.untilMs - clock.nowMs()
  report({ at: 'scenario', name, claim, ...count, leftMs })
}

/** Planned time of the items, and beside it what those before needed to start and to settle. */
function timeLeftMs(items: readonly SuiteItem[], before: readonly SuiteResult[]): number {
  const planned = items.reduce((sum, item) => sum + plannedMs(item), 0)
  const extra = before.map(({ item, record }) => Math.max(0, record.tookMs - plannedMs(item)))
  const mean = extra.reduce((sum, ms) => sum + ms, 0) / extra.length
  return planned + items.length * (extra.length === 0 ? extraMsAtFirst : mean)
}

/** A relay's start, its steady state, and what settles once the load is over. */
const extraMsAtFirst = 7_000

/** How long an item will take, start and end included, before any like it was run. */
export const estimatedMs = (item: SuiteItem): number => plannedMs(item) + extraMsAtFirst

/** Of a foreign target not everything is known before it runs: this is an estimate. */
function plannedMs({ scenario }: SuiteItem): number {
  const timing = timingOf(scenario.relay, knownOfReference(scenario.relay))
  return planOf(scenario, timing).phases.reduce((sum, { ms }) => sum + ms, 0)
}

/** What died in the scenario before is started again, where it is ours to start. */
async function ensureServers({ stack, report }: SuiteOrder): Promise<void> {
  const revived = await stack.revive()
  if (revived.length > 0) report({ at: 'step', says: `started again: ${revived.join(', ')}` })
}

/**
 * A wedged control API says nothing about any target: its process is replaced. What the scenario
 * before could not remove is removed now.
 */
async function ensureProxies(world: World, { stack, report }: SuiteOrder): Promise<void> {
  try {
    await openToxiproxy(world.clock, stack.toxiproxy).version()
  } catch (error) {
    report({ at: 'step', says: `${messageOf(error)}; restarting Toxiproxy` })
    await stack.recreateProxies()
  }
  await stack.removeClientLinks()
}

async function runItem(
  world: World,
  order: SuiteOrder,
  item: SuiteItem,
  folder: string,
  undoLog: UndoLog,
  report = order.report,
): Promise<SuiteResult> {
  await ensureServers(order)
  await ensureProxies(world, order)
  const { stack, signal, names, targetFile } = order
  const { scenario, target, seed = order.seed } = item
  const played = await conduct(world, {
    scenario,
    target,
    seed,
    folder,
    stack,
    toxics: openToxiproxy(world.clock, stack.toxiproxy),
    undoLog,
    report,
    signal,
    ...(names === undefined ? {} : { names }),
    ...(targetFile === undefined ? {} : { targetFile }),
  })
  const record = recordOf(order, item, played, journalFiles(join(folder, historyFolder)))
  writeRecord(folder, record)
  const { verdict, excerpt } = judgeRun(folder, record, order.draw)
  for (const one of verdict.findings) report({ at: 'verdict', scenario: scenario.name, ...one })
  for (const says of sayTestimony(verdict.testimony)) report({ at: 'step', says })
  return { item, folder, record, verdict, excerpt }
}

const silent = () => undefined

/** Folder of an item; see `isItemFolder`. */
function itemFolder({ scenario, target }: SuiteItem, index: number): string {
  const mistake = defectOfTarget(target)
  const defect = mistake === undefined ? '' : `+${mistake}`
  return `${String(index + 1).padStart(2, '0')}-${scenario.name}${defect}`
}

/** Whether a name is one that `runSuite` gives to the folder of an item. */
export const isItemFolder = (name: string): boolean => /^\d{2,}-[a-z][\w+-]*$/.test(name)

/** Data of a scenario as the record holds it: open to fields that this version does not know. */
const plain = <T extends object>(all: readonly T[]) =>
  all.map((one) => Object.assign<Record<string, unknown>, T>({}, one))

function recordOf(
  order: SuiteOrder,
  item: SuiteItem,
  played: Played,
  journals: readonly string[],
): RunRecord {
  const { scenario, target, reproduce } = item
  const told = played.version['settings']
  return {
    schemaVersion: 1,
    scenario: { name: scenario.name, claim: scenario.claim },
    seed: item.seed ?? order.seed,
    target: recordedTarget(target),
    phases: played.plan.phases.map((phase) => ({
      name: phase.name,
      ms: phase.ms,
      load: { ...phase.load },
      faults: plain(phase.faults),
      stimuli: plain([...phase.prelude, ...phase.stimuli, ...(phase.closing ?? [])]),
    })),
    expectations: [...played.plan.expectations],
    settings: capabilitiesOf(target).isConfigurable ? { ...scenario.relay } : {},
    effective: typeof told === 'object' && told !== null ? { ...told } : {},
    timing: JSON.parse(JSON.stringify(played.timing)) as NonNullable<RunRecord['timing']>,
    versions: { ...order.stack.versions, node: process.versions.node },
    machine: { ...thisMachine() },
    startedAt: new Date(played.startedUnixMs).toISOString(),
    tookMs: played.tookMs,
    isComplete: played.isComplete,
    ...(played.cutShort === undefined ? {} : { cutShort: played.cutShort }),
    journals: journals.map((file) => basename(file)),
    reproduce,
  }
}

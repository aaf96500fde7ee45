/** Plays scenarios one after another on one stack, and judges each as soon as it is over. */
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { readHistory } from '../history/history.ts'
import { judge, type RunVerdict } from '../judge/judge.ts'
import { historyFolder, writeRecord, type RunRecord } from '../judge/record.ts'
import type { Scenario } from '../dsl/scenario.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import type { Stack } from '../stack/stack.ts'
import { sayTarget, type TargetSpec } from '../targets/target.ts'
import { stateFolder } from '../world/places.ts'
import type { World } from '../world/world.ts'
import { messageOf } from './act.ts'
import { conduct, type Played } from './conductor.ts'
import { openDebts } from './debts.ts'
import type { Report } from './progress.ts'

/** One scenario against one target. */
export interface SuiteItem {
  readonly scenario: Scenario
  readonly target: TargetSpec
  /** The command that repeats this item. */
  readonly reproduce: string
}

export interface SuiteOrder {
  readonly items: readonly SuiteItem[]
  readonly seed: string
  /** Folder of the whole suite; every item gets one of its own in it. */
  readonly folder: string
  readonly stack: Stack
  readonly report: Report
  readonly signal: AbortSignal
}

/** An item that was played and judged. `folder` holds its record, its history and its logs. */
export interface SuiteResult {
  readonly item: SuiteItem
  readonly folder: string
  readonly record: RunRecord
  readonly verdict: RunVerdict
}

/** Plays all items, or as many as there is time for before the signal aborts. */
export async function playSuite(world: World, order: SuiteOrder): Promise<SuiteResult[]> {
  const results: SuiteResult[] = []
  for (const [index, item] of order.items.entries()) {
    if (order.signal.aborted) break
    const { name, claim } = item.scenario
    order.report({ at: 'scenario', name, claim, index: index + 1, of: order.items.length })
    await ensureProxies(world, order)
    results.push(await playItem(world, order, item, index))
  }
  return results
}

/** A wedged control API says nothing about any target: its process is replaced. */
async function ensureProxies(world: World, { stack, report }: SuiteOrder): Promise<void> {
  try {
    await openToxiproxy(world.clock, stack.toxiproxy).version()
  } catch (error) {
    report({ at: 'step', says: `${messageOf(error)}; starting Toxiproxy anew` })
    await stack.recreateProxies()
  }
}

async function playItem(
  world: World,
  order: SuiteOrder,
  item: SuiteItem,
  index: number,
): Promise<SuiteResult> {
  const { stack, seed, report, signal } = order
  const { scenario, target } = item
  const folder = join(order.folder, folderName(item, index))
  const played = await conduct(world, {
    scenario,
    target,
    seed,
    folder,
    stack,
    toxics: openToxiproxy(world.clock, stack.toxiproxy),
    debts: openDebts(stateFolder),
    report,
    signal,
  })
  const record = recordOf(order, item, played)
  writeRecord(folder, record)
  const verdict = judge(readHistory(join(folder, historyFolder)), record)
  for (const one of verdict.findings) report({ at: 'verdict', scenario: scenario.name, ...one })
  return { item, folder, record, verdict }
}

function folderName({ scenario, target }: SuiteItem, index: number): string {
  const defect = target.kind === 'reference' && target.defect ? `+${target.defect}` : ''
  return `${String(index + 1).padStart(2, '0')}-${scenario.name}${defect}`
}

function recordOf(order: SuiteOrder, item: SuiteItem, played: Played): RunRecord {
  const { scenario, target, reproduce } = item
  const told = played.version['settings']
  return {
    schemaVersion: 1,
    scenario: { name: scenario.name, claim: scenario.claim },
    seed: order.seed,
    target: { ...target, says: sayTarget(target) },
    phases: played.plan.phases.map(({ name, ms, load, prelude, faults, stimuli }) => ({
      name,
      ms,
      load: { ...load },
      faults: faults.map((fault) => ({ ...fault })),
      stimuli: [...prelude, ...stimuli].map((stimulus) => ({ ...stimulus })),
    })),
    expectations: [...played.plan.expectations],
    settings: { ...scenario.relay },
    effective: typeof told === 'object' && told !== null ? { ...told } : {},
    versions: { ...order.stack.versions, node: process.versions.node },
    machine: {
      cores: cpus().length,
      processor: cpus()[0]?.model ?? 'unknown',
      memoryBytes: totalmem(),
      kernel: release(),
    },
    startedAt: new Date(played.startedUnixMs).toISOString(),
    tookMs: played.tookMs,
    isComplete: played.isComplete,
    reproduce,
  }
}

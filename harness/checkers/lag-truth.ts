/**
 * The lag gauge against the truth: right for the partitions that the target holds, absent for those
 * it does not, never negative, and not hiding a consumer that is stuck.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Reading } from '../history/readings.ts'
import type { Window } from '../history/windows.ts'
import type { Chart, Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { lagTruths, type PartitionTruth } from './lag/truth.ts'
import { milliseconds, name, names, type PhaseName } from './options.ts'
import { riseWithin, seriesOf } from './series.ts'
import { faultWord } from './stream/excuses.ts'

export interface LagTruthOptions<P extends string = string> {
  /** Windows in which the gauge is compared with the truth. */
  readonly phases: readonly PhaseName<P>[]
  /** Time between two polls of the target's lag monitor. */
  readonly intervalMs: number
  /** Longest time between two commits of the target; default 1 s. */
  readonly commitIntervalMs?: number
  /** A window in which the relay is stuck while records go on: its lag must show. */
  readonly stuck?: PhaseName<P>
  /** Records that the gauge may be wrong by beyond what rate and interval explain; default 10. */
  readonly toleranceRecords?: number
}

const toleranceDefault = 10
const commitIntervalDefault = 1_000
/** A poll takes time, and so do the scrape and the revocation. */
const slackMicros = 500_000
const pollsAllowed = 2

/** Gravest first; also the order in which they decide. */
const rules = ['revoked-series-kept', 'stuck-hidden', 'negative', 'wrong', 'missing'] as const
type Rule = (typeof rules)[number]

export const lagTruth: Checker<LagTruthOptions> = {
  says: 'The lag gauge tells the truth, of the partitions that are held now and of no others.',
  restsOn: ['times', 'lag-truth'],
  options: z.strictObject({
    phases: names,
    intervalMs: milliseconds,
    commitIntervalMs: milliseconds.exactOptional(),
    stuck: name.exactOptional(),
    toleranceRecords: z.number().nonnegative().exactOptional(),
  }),
  judge(history, options) {
    const windows = options.phases.flatMap((phase) => history.phase(phase) ?? [])
    if (windows.length < options.phases.length) {
      return cannotTell('no-phase', `Not all of ${options.phases.join(', ')} took place.`)
    }
    const truths = lagTruths(history)
    if (truths.size === 0) return cannotTell('no-truth', 'Nobody asked the broker for the truth.')
    const samples = [...truths.values()].flatMap((truth) =>
      comparisons(history, options, windows, truth),
    )
    return judgeLag(history, options, windows, { truths, samples })
  },
}

/** One scrape of one partition, held against the truth. */
interface Comparison {
  readonly t: Micros
  readonly partition: number
  readonly told: number | null
  readonly was: 'held' | 'gone'
  readonly least: number
  readonly most: number
  readonly isStuck: boolean
  readonly rule: Rule | undefined
}

function comparisons(
  history: History,
  options: LagTruthOptions,
  windows: readonly Window[],
  truth: PartitionTruth,
): Comparison[] {
  const gauge = gaugeOf(history, truth.partition)
  const failures = history.signal('lagPollFailures')
  const stuck = options.stuck === undefined ? undefined : history.phase(options.stuck)
  const patience = pollsAllowed * options.intervalMs * 1_000 + slackMicros
  const reach = (options.intervalMs + (options.commitIntervalMs ?? commitIntervalDefault)) * 1_000
  const tolerance = options.toleranceRecords ?? toleranceDefault
  return gauge.t.flatMap((t, i): Comparison[] => {
    const window = windows.find(({ begin, end }) => t >= begin && t <= end)
    if (window === undefined) return []
    const told = gauge.v[i] ?? null
    const was = truth.ownership(t - patience, t)
    const bounds = truth.bounds(t - reach - slackMicros, t)
    const isStuck = stuck !== undefined && t >= stuck.begin && t <= stuck.end
    const isBlind = riseWithin(failures, t - patience, t) > 0
    const { least, most } = bounds ?? { least: 0, most: Infinity }
    const base = { t, partition: truth.partition, told, isStuck, least, most }
    if (told !== null && told < 0) return [{ ...base, was: 'held', rule: 'negative' }]
    if (was === 'gone') {
      return [{ ...base, was, rule: told === null ? undefined : 'revoked-series-kept' }]
    }
    if (was === 'changing' || bounds === undefined || isBlind) return []
    return [{ ...base, was, rule: heldRule(told, { least, most }, isStuck, tolerance) }]
  })
}

function heldRule(
  told: number | null,
  { least, most }: { least: number; most: number },
  isStuck: boolean,
  tolerance: number,
): Rule | undefined {
  if (told === null || Number.isNaN(told)) return 'missing'
  if (told < least - tolerance) return isStuck ? 'stuck-hidden' : 'wrong'
  return told > most + tolerance ? 'wrong' : undefined
}

/** A partition that no scrape ever told has a gauge too: absent at every scrape. */
function gaugeOf(history: History, partition: number): Reading {
  const told = history.signalBy('consumerLag').get(String(partition))
  return told ?? history.signal('consumerLag', { labels: { partition: String(partition) } })
}

interface Compared {
  readonly truths: ReadonlyMap<number, PartitionTruth>
  readonly samples: readonly Comparison[]
}

function judgeLag(
  history: History,
  options: LagTruthOptions,
  windows: readonly Window[],
  { truths, samples }: Compared,
) {
  const held = samples.filter(({ was }) => was === 'held')
  const gone = samples.filter(({ was }) => was === 'gone')
  const broken = rules.flatMap((rule) => samples.filter((sample) => sample.rule === rule))
  const [worst] = broken
  const shown = worst?.partition ?? gone[0]?.partition ?? mostLagging(held)
  return conclude({
    violations: broken.map(violation),
    doubts: [
      held.length === 0
        ? { rule: 'not-compared', says: 'No scrape could be held against the truth.' }
        : undefined,
      rebalanceDoubt(history, windows, gone.length),
      stuckDoubt(options, held),
    ],
    holds: {
      rule: 'true',
      says:
        `${held.length} readings were right and ${gone.length} readings of partitions ` +
        'that others held were absent.',
    },
    exercised: held.length + gone.length,
    evidence: {
      readingsCompared: held.length,
      readingsOfRevoked: gone.length,
      partitions: truths.size,
      greatestTrueLag: Math.max(0, ...samples.map(({ least }) => least)),
      worstPartition: worst?.partition ?? null,
    },
    charts: shown === undefined ? [] : [chartOf(history, truths.get(shown))],
  })
}

const mostLagging = (held: readonly Comparison[]): number | undefined =>
  held.toSorted((a, b) => b.least - a.least)[0]?.partition

const wants: Readonly<Record<Rule, string>> = {
  'revoked-series-kept': 'was held by somebody else and was to have no series',
  'stuck-hidden': 'was stuck, and its lag was to show',
  negative: 'was to have no negative lag',
  wrong: 'was to be told right',
  missing: 'was held and was to be told',
}

function violation({ rule, partition, told, least, most, t }: Comparison): Violation {
  const what = rule ?? 'wrong'
  const range = most === Infinity ? '' : ` The truth lay between ${least} and ${most}.`
  const says = `Partition ${partition} ${wants[what]}; the gauge said ${told ?? 'nothing'}.${range}`
  return { rule: what, says, at: t }
}

/** A rebalance that took nothing away puts nothing to the test. */
function rebalanceDoubt(history: History, windows: readonly Window[], gone: number) {
  const isRebalanced = history.faults.some(
    (fault) =>
      faultWord(fault) === 'rebalance' &&
      windows.some(({ begin, end }) => fault.begin <= end && fault.end >= begin),
  )
  if (!isRebalanced || gone > 0) return undefined
  return { rule: 'nothing-moved', says: 'No partition was seen to be away for long enough.' }
}

function stuckDoubt(
  { stuck, toleranceRecords = toleranceDefault }: LagTruthOptions,
  held: readonly Comparison[],
) {
  if (stuck === undefined) return undefined
  const isStuck = held.some((one) => one.isStuck && one.least > toleranceRecords)
  if (isStuck) return undefined
  return { rule: 'not-stuck', says: `No partition was behind in ${stuck}: nothing to hide.` }
}

function chartOf(history: History, truth: PartitionTruth | undefined): Chart {
  const samples = truth?.samples ?? []
  const partition = truth?.partition ?? 0
  return {
    title: `Lag of partition ${partition}`,
    series: [
      // With its holes: where the gauge says nothing, nothing may be drawn.
      { name: 'gauge', unit: 'records', ...gaugeOf(history, partition) },
      seriesOf(
        'end - committed',
        'records',
        samples.map(({ t, end, committed }) => ({ t, v: end - committed })),
      ),
    ],
  }
}

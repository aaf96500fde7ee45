/**
 * The lag gauge against the truth: right for the partitions that the target holds, while their lag
 * rises and falls; absent for those it does not hold; and not hiding a consumer that is stuck. Each
 * of the three is a claim of its own, which the others' mistakes do not decide.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { NamedWindow, Window } from '../history/windows.ts'
import type { Chart, Checker } from './checker.ts'
import { cannotTell, conclude, type Doubt, type Violation } from './conclude.ts'
import { compare, gaugeOf, type Comparison, type LagRule } from './lag/compare.ts'
import { lagTruths, type PartitionTruth } from './lag/truth.ts'
import { count, milliseconds, name, names, type PhaseName } from './options.ts'
import { seriesOf } from './series.ts'
import { faultWord } from './stream/excuses.ts'

export interface LagTruthOptions<P extends string = string> {
  /**
   * What is claimed: that the gauge follows the lag of what is held and speaks of nothing else
   * (`lag`), that a revoked partition has no series, not even one of 0 (`revoked`), that a
   * partition nobody takes from is not told as if all were well (`stuck`). Default `lag`.
   */
  readonly about?: 'lag' | 'revoked' | 'stuck'
  /** Windows in which the gauge is compared with the truth. */
  readonly phases: readonly PhaseName<P>[]
  /** Time between two polls of the target's lag monitor. */
  readonly intervalMs: number
  /** Those of the phases in which a partition must really be behind, for the claim to be tried. */
  readonly behind?: readonly PhaseName<P>[]
  /** By so many records at least; default 500. */
  readonly behindRecordsMin?: number
  /** Records that the gauge may be wrong by beyond what rate and interval explain; default 10. */
  readonly toleranceRecords?: number
  /** Of records of older versions: the one phase that `about: 'stuck'` was asked of. */
  readonly stuck?: PhaseName<P>
  /** Of records of older versions: bounds are as good without it. */
  readonly commitIntervalMs?: number
}

type About = NonNullable<LagTruthOptions['about']>
const aboutOf = ({ about, stuck }: LagTruthOptions): About =>
  about ?? (stuck === undefined ? 'lag' : 'stuck')

const toleranceDefault = 10
const behindDefault = 500

/** What proves each claim wrong, the gravest first; also the order in which they decide. */
const rulesOf: Readonly<Record<About, readonly LagRule[]>> = {
  lag: ['revoked-series-stale', 'negative', 'gauge-frozen', 'wrong', 'missing'],
  revoked: ['revoked-series-kept'],
  stuck: ['stuck-hidden', 'negative', 'wrong', 'missing'],
}

export const lagTruth: Checker<LagTruthOptions> = {
  says: 'The lag gauge tells the truth, of the partitions that are held now and of no others.',
  restsOn: ['times', 'lag-truth'],
  options: z.strictObject({
    about: z.enum(['lag', 'revoked', 'stuck']).exactOptional(),
    phases: names,
    intervalMs: milliseconds,
    behind: names.exactOptional(),
    behindRecordsMin: count.exactOptional(),
    toleranceRecords: z.number().nonnegative().exactOptional(),
    stuck: name.exactOptional(),
    commitIntervalMs: milliseconds.exactOptional(),
  }),
  judge(history, options) {
    const windows = options.phases.flatMap(
      (wanted) => history.phases.find((phase) => phase.name === wanted) ?? [],
    )
    if (windows.length < options.phases.length) {
      const says = `Not all of ${options.phases.join(', ')} took place.`
      return cannotTell('no-phase', says, 'let the run go through to its end')
    }
    const truths = lagTruths(history)
    if (truths.size === 0) {
      const says = 'Nobody could ask the broker for the truth.'
      return cannotTell('no-truth', says, 'see that the harness reaches the brokers directly')
    }
    const { intervalMs, toleranceRecords = toleranceDefault } = options
    const isOfMovement = aboutOf(options) !== 'stuck'
    const compared = { windows, intervalMs, toleranceRecords, isOfMovement }
    const samples = [...truths.values()].flatMap((truth) => compare(history, truth, compared))
    return judgeLag(history, options, windows, { truths, samples })
  },
}

interface Compared {
  readonly truths: ReadonlyMap<number, PartitionTruth>
  readonly samples: readonly Comparison[]
}

function judgeLag(
  history: History,
  options: LagTruthOptions,
  windows: readonly NamedWindow[],
  { truths, samples }: Compared,
) {
  const about = aboutOf(options)
  const rules = rulesOf[about]
  const held = samples.filter(({ was }) => was === 'held')
  const gone = samples.filter(({ was }) => was === 'gone')
  const broken = rules.flatMap((rule) => samples.filter((sample) => sample.rule === rule))
  const [worst] = broken
  const shown = worst?.partition ?? gone[0]?.partition ?? mostLagging(held)
  const put = { revoked: gone, stuck: held, lag: samples }[about]
  return conclude({
    violations: broken.map(violation),
    doubts: [
      put.length === 0 ? nothingCompared(history) : undefined,
      rebalanceDoubt(history, windows, gone.length),
      otherDoubt(samples, about),
      ...behindDoubts(options, windows, held),
    ],
    holds: { rule: 'true', says: holds(about, held.length, gone.length) },
    exercised: put.length,
    evidence: {
      readingsCompared: held.length,
      readingsOfRevoked: gone.length,
      partitions: truths.size,
      greatestTrueLag: Math.max(0, ...held.map(({ least }) => least)),
      worstPartition: worst?.partition ?? null,
    },
    charts: shown === undefined ? [] : [chartOf(history, truths.get(shown))],
  })
}

function holds(about: About, held: number, gone: number): string {
  const right = `${held} readings of partitions that were held were right`
  if (about === 'stuck') return `${right}, and nothing that was stuck was hidden.`
  const others = `${gone} readings of partitions that others held`
  if (about === 'revoked') return `${others} found no series of them.`
  return `${right}, and ${others} told no lag.`
}

const mostLagging = (held: readonly Comparison[]): number | undefined =>
  held.toSorted((a, b) => b.least - a.least)[0]?.partition

const wants: Readonly<Record<LagRule, string>> = {
  'revoked-series-stale': 'was held by somebody else and was to have no lag',
  'revoked-series-kept': 'was held by somebody else and was to have no series',
  'stuck-hidden': 'was behind while nobody took from it, and that was to show',
  negative: 'was to have no negative lag',
  'gauge-frozen': 'had a lag that changed, and its gauge was to follow it',
  wrong: 'was to be told right',
  missing: 'was held and was to be told',
}

function violation({ rule, partition, told, least, most, t }: Comparison): Violation {
  const what = rule ?? 'wrong'
  const range = most === Infinity ? '' : ` The truth lay between ${least} and ${most}.`
  const always = what === 'gauge-frozen' ? 'always said' : 'said'
  const found = `the gauge ${always} ${told ?? 'nothing'}.${range}`
  const says = `Partition ${partition} ${wants[what]}; ${found}`
  return { rule: what, says, at: t }
}

/** Why there is nothing to compare, as far as the harness knows. */
function nothingCompared(history: History): Doubt {
  const states = history.events('lagtruth').map(([, , , state]) => state)
  const last = states.at(-1) ?? 'unknown'
  const isSettled = states.some((state) => state.toLowerCase() === 'stable')
  const says = isSettled
    ? 'No scrape could be held against the truth.'
    : `No scrape could be held against the truth: the group was never settled, at last ${last}.`
  return { rule: 'not-compared', says, fix: 'see whether the target exports the gauge; run longer' }
}

/** A rebalance that took nothing away puts nothing to the test. */
function rebalanceDoubt(
  history: History,
  windows: readonly Window[],
  gone: number,
): Doubt | undefined {
  const rebalances = history.faults.filter(
    (fault) =>
      faultWord(fault) === 'rebalance' &&
      windows.some(({ begin, end }) => fault.begin <= end && fault.end >= begin),
  )
  if (rebalances.length === 0 || gone > 0) return undefined
  const why = rebalances.flatMap(({ failure }) => failure?.['why'] ?? [])[0]
  const because = typeof why === 'string' ? `: ${why}` : ''
  return {
    rule: 'nothing-moved',
    says: `No partition was seen to be away for long enough${because}.`,
    fix: 'see why the rivals took nothing; run longer where the group is slow to settle',
  }
}

/** A mistake that is another claim's leaves this one open where it stands in its way. */
function otherDoubt(
  samples: readonly Comparison[],
  about: About,
): Doubt | undefined {
  const blocking = { lag: 'stuck-hidden', revoked: 'revoked-series-stale', stuck: undefined }[about]
  const first = samples.find(({ rule }) => rule !== undefined && rule === blocking)
  if (first === undefined) return undefined
  const { says } = violation(first)
  const fix = 'mend that first; it is another finding of the same scenario'
  return { rule: 'other-mistake', says: `${says} That is another mistake than this one.`, fix }
}

/** A gauge that stands still is right of a lag that is small. */
function behindDoubts(
  { behind = [], behindRecordsMin = behindDefault }: LagTruthOptions,
  windows: readonly NamedWindow[],
  held: readonly Comparison[],
): (Doubt | undefined)[] {
  return windows
    .filter((phase) => behind.includes(phase.name))
    .map(({ name: phase, begin, end }) => {
      const lags = held.filter(({ t }) => t >= begin && t <= end).map(({ least }) => least)
      const most = Math.max(0, ...lags)
      if (most >= behindRecordsMin) return undefined
      const says =
        `In ${phase} no partition was surely more than ${most} records behind; it takes ` +
        `${behindRecordsMin} to tell a gauge that follows from one that does not.`
      const fix = 'run it on a machine that is less busy, or against a target that takes longer'
      return { rule: 'not-behind', says, fix }
    })
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

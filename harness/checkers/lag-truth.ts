/**
 * The lag gauge against the true lag: right for the partitions that the target holds, while their
 * lag rises and falls; absent for those it does not hold; and not hiding a stuck consumer. Each is
 * a claim of its own, which violations of the others do not decide.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { does, type NamedWindow, type Window } from '../history/windows.ts'
import { checker, type Chart } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { compare, gaugeOf, type Comparison, type LagRule } from './lag/compare.ts'
import { lagTruths, type PartitionTruth } from './lag/truth.ts'
import { count, milliseconds, phaseRef, phaseRefs, type OptionsOf } from './options.ts'
import { seriesOf } from './reading/series.ts'

const schema = z.strictObject({
  /**
   * What is claimed: that the gauge follows the lag of held partitions and has no others (`lag`),
   * that a revoked partition has no series, not even 0 (`revoked`), that a partition that no
   * consumer reads is not reported as if it had no lag (`stuck`). Default `lag`.
   */
  about: z.enum(['lag', 'revoked', 'stuck']).exactOptional(),
  /** Windows in which the gauge is compared with the truth. */
  phases: phaseRefs,
  /** Time between two polls of the target's lag monitor. */
  intervalMs: milliseconds,
  /** The phases in which a partition must really be behind, or the claim is not tested. */
  behind: phaseRefs.exactOptional(),
  /** By at least this many records; default 500. */
  behindRecordsMin: count.exactOptional(),
  /** Records that the gauge may be wrong by beyond what rate and interval explain; default 10. */
  toleranceRecords: z.number().nonnegative().exactOptional(),
  /** In recordings of older versions: the one phase that `about: 'stuck'` judged. */
  stuck: phaseRef.exactOptional(),
  /** In recordings of older versions; the bounds are as good without it. */
  commitIntervalMs: milliseconds.exactOptional(),
})
type LagTruthOptions = OptionsOf<typeof schema>

type About = NonNullable<LagTruthOptions['about']>
const aboutOf = ({ about, stuck }: LagTruthOptions): About =>
  about ?? (stuck === undefined ? 'lag' : 'stuck')

const toleranceDefault = 10
const behindDefault = 500

/** What violates each claim, the gravest first; also the order in which they decide. */
const rulesOf: Readonly<Record<About, readonly LagRule[]>> = {
  lag: ['revoked-series-stale', 'negative', 'gauge-frozen', 'wrong', 'missing'],
  revoked: ['revoked-series-kept'],
  stuck: ['stuck-hidden', 'negative', 'wrong', 'missing'],
}

export const lagTruth = checker({
  says: 'The lag gauge is right for the partitions held now, and has no others.',
  restsOn: ['times', 'lag-truth'],
  options: schema,
  judge(history, options) {
    const windowOf = (wanted: string) => history.phases.find((phase) => phase.name === wanted)
    const windows = options.phases.flatMap((wanted) => windowOf(wanted) ?? [])
    if (windows.length < options.phases.length) {
      const missing = options.phases.filter((wanted) => windowOf(wanted) === undefined)
      const says = `The run did not reach ${missing.join(', ')}.`
      return cannotTell('no-phase', says, 'let the run finish')
    }
    const truths = lagTruths(history)
    if (truths.size === 0) {
      const says = 'The broker never reported how far the group had read.'
      return cannotTell('no-truth', says, 'check that the harness can reach the brokers directly')
    }
    const { intervalMs, toleranceRecords = toleranceDefault } = options
    const isOfMovement = aboutOf(options) !== 'stuck'
    const compared = { windows, intervalMs, toleranceRecords, isOfMovement }
    const samples = [...truths.values()].flatMap((truth) => compare(history, truth, compared))
    return judgeLag(history, options, windows, { truths, samples })
  },
})

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
  const tolerance = options.toleranceRecords ?? toleranceDefault
  const held = samples.filter(({ was }) => was === 'held')
  const gone = samples.filter(({ was }) => was === 'gone')
  const broken = rules.flatMap((rule) => samples.filter((sample) => sample.rule === rule))
  const [worst] = broken
  const shown = worst?.partition ?? gone[0]?.partition ?? mostLagging(held)
  const put = { revoked: gone, stuck: held.filter(({ isStuck }) => isStuck), lag: held }[about]
  return conclude({
    violations: broken.map((one, i) => (i === 0 ? violation(one, samples) : unsaid(one))),
    doubts: [
      put.length === 0 && (about !== 'stuck' || held.length === 0)
        ? nothingCompared(history, about, { held: held.length, gone: gone.length })
        : undefined,
      rebalanceDoubt(history, windows, gone.length),
      otherDoubt(samples, about),
      ...behindDoubts(options, windows, held),
      about === 'stuck' && put.length === 0 ? nothingStuck(held.length) : undefined,
    ],
    holds: { rule: 'true', says: holds(about, { held, gone, stuck: put.length }, tolerance) },
    exercised: put.length,
    counted: 'readings of the gauge',
    evidence: {
      readingsCompared: held.length,
      readingsOfRevoked: gone.length,
      partitions: truths.size,
      readingsOfStuck: held.filter(({ isStuck }) => isStuck).length,
      lagAtLeastRecordsMax: Math.max(0, ...held.map(({ least }) => least)),
      offByRecordsMax: Math.max(0, ...held.map(offBy)),
      worstPartition: worst?.partition ?? null,
    },
    charts: shown === undefined ? [] : [chartOf(history, truths.get(shown))],
  })
}

/** How far a reading is outside the possible values; 0 if it may be right, or is absent. */
const offBy = ({ told, least, most }: Comparison): number =>
  told === null || Number.isNaN(told) ? 0 : Math.max(0, least - told, told - most)

interface Readings {
  readonly held: readonly Comparison[]
  readonly gone: readonly Comparison[]
  readonly stuck: number
}

function holds(about: About, { held, gone, stuck }: Readings, tolerance: number): string {
  const others = `${many(gone.length, 'reading')} of partitions that another consumer held`
  if (about === 'revoked') return `${others} had no lag series.`
  const off = Math.max(0, ...held.map(offBy))
  const most = Math.max(0, ...held.map(({ least }) => least))
  const rose = most === 0 ? '' : `, while the true lag rose to ${most} or more`
  const right =
    `${many(held.length, 'reading')} of the lag gauge ${held.length === 1 ? 'was' : 'were'} off ` +
    `by at most ${many(off, 'record')} (limit ${tolerance})${rose}`
  if (about === 'stuck') return `${right}; ${stuck} were of a stuck partition and showed its lag.`
  return gone.length === 0 ? `${right}.` : `${right}; ${others} had no lag.`
}

const mostLagging = (held: readonly Comparison[]): number | undefined =>
  held.toSorted((a, b) => b.least - a.least)[0]?.partition

const wants: Readonly<Record<LagRule, string>> = {
  'revoked-series-stale': 'was held by another consumer and must show no lag',
  'revoked-series-kept': 'was held by another consumer and must have no series',
  'stuck-hidden': 'was behind while nothing was read from it, which the gauge must show',
  negative: 'must not show a negative lag',
  'gauge-frozen': 'had a changing lag, which the gauge must follow',
  wrong: 'must show its lag',
  missing: 'was held by the target and must show its lag',
}

/** One wrong reading, and how many others of its partition are wrong in the same way. */
function violation(one: Comparison, samples: readonly Comparison[]): Violation {
  const { rule, partition, told, least, most, was, t } = one
  const what = rule ?? 'wrong'
  const alike = samples.filter((other) => other.was === was && other.partition === partition)
  const wrong = alike.filter((other) => other.rule === rule).length
  const truth = most === Infinity ? '' : ` and the true lag was ${least} to ${most}`
  const found =
    what === 'gauge-frozen'
      ? `the gauge was always ${told}, also ${seconds(t)} into the run, when${truth.slice(4)}`
      : `${seconds(t)} into the run the gauge was ${told ?? 'absent'}${truth}`
  const says =
    `Partition ${partition} ${wants[what]}; ${found} (${wrong} of ` +
    `${many(alike.length, 'reading')} were wrong).`
  return { rule: what, says, at: t }
}

/** Of all but the first only the rule and the time count. */
const unsaid = ({ rule = 'wrong', t }: Comparison): Violation => ({ rule, says: '', at: t })

/** Why there is nothing to compare, as far as the harness knows. */
function nothingCompared(
  history: History,
  about: About,
  { held, gone }: Readonly<Record<'held' | 'gone', number>>,
): Doubt {
  const rule = 'not-compared'
  const fix = 'check that the target exports the gauge; run longer'
  const states = history.events('lagtruth').map(([, , , state]) => state)
  const last = states.at(-1) ?? 'unknown'
  if (!states.some((state) => state.toLowerCase() === 'stable')) {
    return { rule, says: `The consumer group was never stable; last state: ${last}.`, fix }
  }
  if (about === 'lag' && gone > 0) {
    const says = `In all ${gone} readings another consumer held the partitions.`
    return { rule, says, fix: 'see why the target got no partition; run longer' }
  }
  if (about !== 'revoked' || held === 0) {
    return { rule, says: 'No reading of the lag gauge could be compared with the broker.', fix }
  }
  return {
    rule,
    says:
      `No reading was taken while another consumer held a partition; the target held them in all ` +
      `${held} readings.`,
    fix: 'see why no rival took a partition; run longer',
  }
}

const nothingStuck = (held: number): Doubt => ({
  rule: 'nothing-stuck',
  says: `In none of ${held} readings a partition was surely behind while nothing was read from it.`,
  fix: 'see why the consumer kept reading; run longer',
})

/** A rebalance that took no partition tests nothing. */
function rebalanceDoubt(
  history: History,
  windows: readonly Window[],
  gone: number,
): Doubt | undefined {
  const rebalances = history.faults.filter(
    (fault) =>
      does(fault, 'moves-partitions') &&
      windows.some(({ begin, end }) => fault.begin <= end && fault.end >= begin),
  )
  if (rebalances.length === 0 || gone > 0) return undefined
  const why = rebalances.flatMap(({ failure }) => failure?.['why'] ?? [])[0]
  const because = typeof why === 'string' ? `: ${why}` : ''
  return {
    rule: 'nothing-moved',
    says: `No partition was with another consumer for long enough to compare${because}.`,
    fix: 'see why the rivals took nothing; run longer if the group rebalances slowly',
  }
}

/** A violation of another claim leaves this one open if it hides it. */
function otherDoubt(
  samples: readonly Comparison[],
  about: About,
): Doubt | undefined {
  const blocking = { lag: 'stuck-hidden', revoked: 'revoked-series-stale', stuck: undefined }[about]
  const first = samples.find(({ rule }) => rule !== undefined && rule === blocking)
  if (first === undefined) return undefined
  const { says } = violation(first, samples)
  const fix = 'fix that first; it is another finding of the same scenario'
  return { rule: 'other-mistake', says: `${says} That belongs to another finding.`, fix }
}

/** A constant gauge can be right while the lag is small. */
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
        `In ${phase} no partition was surely more than ${many(most, 'record')} behind; ` +
        `${behindRecordsMin} are needed to see whether the gauge follows.`
      const fix = 'run on a less busy machine, or against a slower target'
      return { rule: 'not-behind', says, fix }
    })
}

function chartOf(history: History, truth: PartitionTruth | undefined): Chart {
  const samples = truth?.samples ?? []
  const partition = truth?.partition ?? 0
  return {
    title: `Lag of partition ${partition}: the gauge, and as it is`,
    series: [
      // With its holes: where the gauge says nothing, nothing may be drawn.
      { name: 'gauge', unit: 'records', ...gaugeOf(history, partition) },
      seriesOf(
        'true (end - committed)',
        'records',
        samples.map(({ t, end, committed }) => ({ t, v: end - committed })),
      ),
    ],
  }
}

/**
 * Alerts use ages: they must be exported, true, and distinguish "never". An age of 0 for a relay
 * that has seen nothing looks best in the worst state.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { metricOf, signalNames, type SignalName } from '../history/signals.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { milliseconds, phaseRef, type OptionsOf } from './options.ts'
import { indexAt, points, seriesOf } from './reading/series.ts'

const { ageMs, pagesApartMicros, wholeSecondMicros } = tolerances

const schema = z.strictObject({
  /** A window with records, in which the age must stay small. */
  traffic: phaseRef,
  /** A window without any, in which the age must grow with the wall clock. */
  silence: phaseRef,
  /** The age to judge; default `lastRecordAge`. */
  signal: z.enum(signalNames).exactOptional(),
  /** How far metric, /health and truth may differ; default 1.5 s. */
  toleranceMs: milliseconds.exactOptional(),
})
type AgesMatchOptions = OptionsOf<typeof schema>

export const agesMatch = checker({
  says: 'The age of the last record is exported and right, and "never" is not 0.',
  options: schema,
  judge(history, options) {
    const traffic = history.phase(options.traffic)
    const silence = history.phase(options.silence)
    if (traffic === undefined || silence === undefined) {
      const says = 'The phases with and without records did not both run.'
      return cannotTell('no-phase', says, 'see where the run ended')
    }
    const truth = arrivals(history)
    if (truth.length === 0) {
      const fix = 'see why the producer could not write to Kafka'
      return cannotTell('no-records', 'No record was acknowledged by Kafka.', fix)
    }
    return judgeAges(history, options, { windows: [traffic, silence], silence, truth })
  },
})

interface Ages {
  readonly windows: readonly Window[]
  readonly silence: Window
  /** When records reached Kafka, ascending. */
  readonly truth: Float64Array
}

/** One sample of the gauge with the true age. Seconds; NaN or negative means "never". */
interface Sample {
  readonly t: Micros
  readonly told: number | null
  readonly isKnown: boolean
  readonly true: number
}

function judgeAges(history: History, options: AgesMatchOptions, ages: Ages) {
  const { signal = 'lastRecordAge', toleranceMs = ageMs } = options
  const tolerance = toleranceMs / 1_000
  const firstAt = firstSent(history)
  const samples = samplesOf(history, signal, ages.truth)
  const before = samples.filter(({ t }) => t < firstAt)
  const inWindow = ages.windows.map(({ begin, end }) =>
    samples.filter(({ t }) => t >= begin && t <= end),
  )
  const judged = samples.filter((one) => inWindow.some((some) => some.includes(one)))
  const longest = Math.max(
    0,
    ...judged.filter(({ t }) => t >= ages.silence.begin).map((sample) => sample.true),
  )
  const errors = judged.flatMap((one) => errorOf(one) ?? [])
  const worst = errors.length === 0 ? null : Math.max(...errors)
  const pairs = pairsWithHealth(history, signal, judged, [...ages.truth])
  const errorAge = errorAges(history, firstAt)
  return conclude({
    violations: [
      ...missing(metricOf(signal), [...before, ...judged]),
      ...neverAsNow(metricOf(signal), before),
      ...errorAge.violations,
      ...wrong(metricOf(signal), judged, toleranceMs),
      ...apart(pairs),
    ],
    doubts: [
      samples.length === 0 ? notScraped('in this run') : undefined,
      before.length === 0
        ? {
            rule: 'never-not-seen',
            says: 'GET /metrics was never answered before the first record was sent.',
            fix: 'let the harness start the target, so that it is scraped before the first record',
          }
        : undefined,
      ...inWindow.map((some, i) =>
        some.length > 0 ? undefined : notScraped(i === 0 ? 'under load' : 'during silence'),
      ),
      longest < 2 * tolerance ? tooShort(longest, tolerance) : undefined,
    ],
    holds: {
      rule: 'reported',
      says:
        `The age of the last record was off by at most ${(worst ?? 0).toFixed(2)} s in ` +
        `${many(judged.length, 'scrape')} (limit ${tolerance} s)` +
        `${pairs.length === 0 ? '' : ` and agreed with /health in ${pairs.length}`}; in ` +
        `${many(before.length, 'scrape')} before the first record it was "never"` +
        `${errorAge.nevers === 0 ? '' : ', as was the age of the last error'}.`,
    },
    exercised: before.length + judged.length,
    counted: 'scrapes of /metrics',
    evidence: {
      samplesBeforeFirstRecord: before.length,
      samplesJudged: judged.length,
      comparedWithHealth: pairs.length,
      longestTrueAgeSeconds: longest,
      worstErrorSeconds: worst,
    },
    charts: [
      {
        title: 'Age of the last record: exported and true',
        series: [
          seriesOf('exported', 's', points(history.signal(signal, { from: 'metrics' }))),
          seriesOf('true', 's', samples.map((sample) => ({ t: sample.t, v: sample.true }))),
        ],
      },
    ],
  })
}

const notScraped = (when: string): Doubt => ({
  rule: 'not-scraped',
  says: `GET /metrics was never answered ${when}.`,
  fix: 'see why the target does not answer GET /metrics',
})

const tooShort = (longest: number, tolerance: number): Doubt => ({
  rule: 'too-short',
  says:
    `During silence the last record became only ${longest.toFixed(1)} s old; ` +
    `${(2 * tolerance).toFixed(1)} s are needed to tell a clock from a constant.`,
  fix: 'repeat the run; check whether something else writes to the topic',
})

/** How far a sample is from the truth, in seconds; undefined where it is no age. */
const errorOf = ({ told, isKnown, true: age }: Sample): number | undefined =>
  told === null || !isKnown ? undefined : Math.abs(told - age)

function arrivals(history: History): Float64Array {
  const times: Micros[] = []
  for (const { ackedAt } of history.stream().records.values()) {
    for (const t of ackedAt) times.push(t)
  }
  return Float64Array.from(times).sort()
}

function firstSent(history: History): Micros {
  let first = Infinity
  for (const { sentAt } of history.stream().records.values()) {
    for (const t of sentAt) first = Math.min(first, t)
  }
  return first
}

function samplesOf(history: History, signal: SignalName, truth: Float64Array): Sample[] {
  const { t, v } = history.signal(signal, { from: 'metrics' })
  const times = [...truth]
  return t.map((at, i) => {
    const last = times[indexAt(times, at)]
    const told = v[i] ?? null
    const isKnown = told !== null && told >= 0
    return { t: at, told, isKnown, true: last === undefined ? 0 : (at - last) / 1e6 }
  })
}

function missing(metric: string, samples: readonly Sample[]): Violation[] {
  const absent = samples.filter(({ told }) => told === null)
  const [first] = absent
  if (first === undefined) return []
  const says = `${metric} was missing from ${absent.length} of ${many(samples.length, 'scrape')}.`
  return [{ rule: 'age-missing', says, at: first.t }]
}

function neverAsNow(metric: string, before: readonly Sample[]): Violation[] {
  const known = before.filter(({ isKnown }) => isKnown)
  const [first] = known
  if (first === undefined) return []
  const says =
    `Before the first record ${metric} must be "never" (-1 or NaN); it was ${first.told} in ` +
    `${known.length} of ${many(before.length, 'scrape')}.`
  return [{ rule: 'never-reads-as-now', says, at: first.t }]
}

interface ErrorAges {
  readonly violations: readonly Violation[]
  /** Scrapes before the first record with "never", when there had been no error. */
  readonly nevers: number
}

/**
 * The age of the last error is exported too, and is "never" as long as there was none. A relay that
 * reports an error at its start may be right; but then the age grows and does not stay at 0.
 */
function errorAges(history: History, firstAt: Micros): ErrorAges {
  const { t, v } = history.signal('lastInfraErrorAge', { from: 'metrics' })
  const metric = metricOf('lastInfraErrorAge')
  const samples = t.map((at, i) => ({ at, told: v[i] ?? null }))
  const absent = samples.filter(({ told }) => told === null)
  const violations: Violation[] = absent.slice(0, 1).map(({ at }) => ({
    rule: 'age-missing',
    says: `${metric} was missing from ${absent.length} of ${many(samples.length, 'scrape')}.`,
    at,
  }))
  const before = samples.filter(({ at, told }) => at < firstAt && told !== null)
  const zeros = before.filter(({ told }) => told === 0)
  const errors = points(history.signal('infraErrors')).at(-1)?.v ?? 0
  if (errors > 0 && zeros.length < 2) return { violations, nevers: 0 }
  const known = errors > 0 ? zeros : before.filter(({ told }) => (told as number) >= 0)
  const [first] = known
  if (first === undefined) return { violations, nevers: before.length }
  const says =
    errors > 0
      ? `Before the first record ${metric} stayed at 0 in ${zeros.length} of ` +
        `${many(before.length, 'scrape')}: an age grows, and "never" is -1 or NaN.`
      : `There was no error before the first record, so ${metric} must be "never" (-1 or ` +
        `NaN); it was ${first.told} in ${known.length} of ${many(before.length, 'scrape')}.`
  violations.push({ rule: 'never-reads-as-now', says, at: first.at })
  return { violations, nevers: 0 }
}

function wrong(metric: string, judged: readonly Sample[], toleranceMs: number): Violation[] {
  const off = judged.filter((sample) => {
    if (sample.told === null) return false
    return !sample.isKnown || (errorOf(sample) ?? 0) > toleranceMs / 1_000
  })
  const [first] = off
  if (first === undefined) return []
  const found = first.isKnown ? `${first.told} s` : `"never" (${first.told})`
  const says =
    `${seconds(first.t)} into the run the last record was ${first.true.toFixed(1)} s old; ` +
    `${metric} was ${found} (limit ${seconds(toleranceMs * 1_000)} off; ` +
    `${off.length} of ${many(judged.length, 'scrape')} were wrong).`
  return [{ rule: 'age-wrong', says, at: first.t }]
}

/** An age from /metrics and the one that /health reported shortly before. */
interface Pair {
  readonly t: Micros
  readonly told: number
  /** Null: /health reported "never" or nothing. */
  readonly health: number | null
  readonly apartMicros: Micros
  readonly isOff: boolean
}

/**
 * Metric and /health must report the same age, each at its own time: a record between the two makes
 * the later age smaller.
 */
function pairsWithHealth(
  history: History,
  signal: SignalName,
  judged: readonly Sample[],
  truth: readonly Micros[],
): Pair[] {
  const health = history.signal(signal, { from: 'health' })
  return judged.flatMap(({ t, told, isKnown, true: trueAge }): Pair[] => {
    const i = indexAt(health.t, t)
    const at = health.t[i]
    if (at === undefined || told === null || !isKnown || t - at > pagesApartMicros) return []
    const age = health.v[i] ?? null
    const pair = { t, told, health: age, apartMicros: t - at }
    const last = truth[indexAt(truth, at)]
    if (age === null) {
      const isOff = last !== undefined && at - last > wholeSecondMicros
      return isOff ? [{ ...pair, isOff }] : []
    }
    const between = last === undefined ? t - at : trueAge * 1e6 - (at - last)
    const difference = (told - age) * 1e6 - between
    return [
      { ...pair, isOff: difference < -wholeSecondMicros || difference > 2 * wholeSecondMicros },
    ]
  })
}

function apart(pairs: readonly Pair[]): Violation[] {
  const off = pairs.filter(({ isOff }) => isOff)
  const [first] = off
  if (first === undefined) return []
  const { t, told, health, apartMicros } = first
  const says =
    `${seconds(t)} into the run /metrics reported an age of ${told} s for the last record; ` +
    `/health, asked ${seconds(apartMicros)} earlier, ` +
    `${health === null ? 'no age' : `${health} s`} ` +
    `(limit 1 s more or 2 s less; ${off.length} of ${many(pairs.length, 'pair')} differed).`
  return [{ rule: 'age-differs-from-health', says, at: t }]
}

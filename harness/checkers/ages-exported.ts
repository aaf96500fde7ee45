/**
 * Ages are for alerts: exported, true, and with a value of its own for "never". An age of 0 for a
 * relay that has seen nothing is the best-looking value there is for the worst state.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { milliseconds, name, type PhaseName } from './options.ts'
import { indexAt, points, seriesOf } from './series.ts'

export interface AgesExportedOptions<P extends string = string> {
  /** A window with records, in which the age must stay small. */
  readonly traffic: PhaseName<P>
  /** A window without any, in which the age must grow with the wall clock. */
  readonly silence: PhaseName<P>
  /** The age to judge; default `lastRecordAge`. */
  readonly signal?: SignalName
  /** How far metric, /health and truth may differ; default 1.5 s. */
  readonly toleranceMs?: number
}

const toleranceMsDefault = 1_500
/** /health tells whole seconds, rounded down, and may be asked this much apart from /metrics. */
const healthSlackMicros = 1_000_000
const healthApartMicros = 1_500_000

export const agesExported: Checker<AgesExportedOptions> = {
  says: 'The age of the last record is exported, true, and "never" is not 0.',
  options: z.strictObject({
    traffic: name,
    silence: name,
    signal: z.enum(signalNames).exactOptional(),
    toleranceMs: milliseconds.exactOptional(),
  }),
  judge(history, options) {
    const traffic = history.phase(options.traffic)
    const silence = history.phase(options.silence)
    if (traffic === undefined || silence === undefined) {
      const says = 'The phases with and without records did not both take place.'
      return cannotTell('no-phase', says, 'see where the run ended')
    }
    const truth = arrivals(history)
    if (truth.length === 0) {
      const fix = 'see why the producer could not write to Kafka'
      return cannotTell('no-records', 'No record was acknowledged by Kafka.', fix)
    }
    return judgeAges(history, options, { windows: [traffic, silence], silence, truth })
  },
}

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

function judgeAges(history: History, options: AgesExportedOptions, ages: Ages) {
  const { signal = 'lastRecordAge', toleranceMs = toleranceMsDefault } = options
  const tolerance = toleranceMs / 1_000
  const firstAt = firstSent(history)
  const samples = samplesOf(history, signal, ages.truth)
  const before = samples.filter(({ t }) => t < firstAt)
  const isJudged = (t: Micros) => ages.windows.some(({ begin, end }) => t >= begin && t <= end)
  const judged = samples.filter(({ t }) => isJudged(t))
  const longest = Math.max(
    0,
    ...judged.filter(({ t }) => t >= ages.silence.begin).map((sample) => sample.true),
  )
  return conclude({
    violations: [
      ...missing([...before, ...judged]),
      ...neverAsNow(before),
      ...errorAges(history, firstAt),
      ...wrong(judged, tolerance),
      ...apart(history, signal, judged, [...ages.truth]),
    ],
    doubts: [
      samples.length === 0
        ? {
            rule: 'not-scraped',
            says: 'Nobody got an answer from /metrics.',
            fix: 'see why the target does not answer GET /metrics',
          }
        : undefined,
      before.length === 0
        ? {
            rule: 'never-not-seen',
            says: 'Nobody scraped the target before the first record.',
            fix: 'let the harness start the target, so that it can be seen before the first record',
          }
        : undefined,
      longest < 2 * tolerance
        ? {
            rule: 'too-short',
            says: 'The silence was too short to tell a clock from a constant.',
            fix: 'repeat the run; see whether something else writes to the topic',
          }
        : undefined,
    ],
    holds: {
      rule: 'told',
      says: `${judged.length} ages were right within ${tolerance} s, and "never" stood out.`,
    },
    exercised: before.length + judged.length,
    evidence: {
      samplesBeforeFirstRecord: before.length,
      samplesJudged: judged.length,
      longestTrueAgeSeconds: longest,
      worstErrorSeconds: Math.max(0, ...judged.map(errorOf)),
    },
    charts: [
      {
        title: 'age of the last record',
        series: [
          seriesOf('told', 's', points(history.signal(signal, { from: 'metrics' }))),
          seriesOf('true', 's', samples.map((sample) => ({ t: sample.t, v: sample.true }))),
        ],
      },
    ],
  })
}

const errorOf = ({ told, true: age }: Sample): number =>
  told === null || Number.isNaN(told) ? 0 : Math.abs(told - age)

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

function missing(samples: readonly Sample[]): Violation[] {
  const absent = samples.find(({ told }) => told === null)
  if (absent === undefined) return []
  const says = 'The age was to be in every scrape; it was missing.'
  return [{ rule: 'age-missing', says, at: absent.t }]
}

function neverAsNow(before: readonly Sample[]): Violation[] {
  const zero = before.find(({ isKnown }) => isKnown)
  if (zero === undefined) return []
  const says = `Before the first record the age was to be "never" (-1 or NaN); it was ${zero.told}.`
  return [{ rule: 'never-reads-as-now', says, at: zero.t }]
}

/**
 * The age of the last error is exported too, and is "never" as long as there was none. A relay that
 * says it met an error at its start may be right; but then the age grows, and does not stand at 0.
 */
function errorAges(history: History, firstAt: Micros): Violation[] {
  const { t, v } = history.signal('lastInfraErrorAge', { from: 'metrics' })
  const stands = v.filter((told, i) => (t[i] ?? 0) < firstAt && told === 0).length > 1
  const errors = stands ? 0 : (points(history.signal('infraErrors')).at(-1)?.v ?? 0)
  return t.flatMap((at, i): Violation[] => {
    const told = v[i] ?? null
    if (told === null) {
      return [{ rule: 'age-missing', says: 'The age of the last error was missing.', at }]
    }
    if (errors > 0 || told < 0 || Number.isNaN(told) || at >= firstAt) return []
    const says = `There was no error, and the age of the last one read ${told}, not "never".`
    return [{ rule: 'never-reads-as-now', says, at }]
  })
}

function wrong(judged: readonly Sample[], tolerance: number): Violation[] {
  const off = judged.find((sample) => {
    if (sample.told === null) return false
    return !sample.isKnown || errorOf(sample) > tolerance
  })
  if (off === undefined) return []
  const says = `The age was to be ${off.true.toFixed(1)} s; it read ${off.told}.`
  return [{ rule: 'age-wrong', says, at: off.t }]
}

/**
 * Metric and /health must tell the same age, each at its own moment: what came between the two made
 * the later one younger.
 */
function apart(
  history: History,
  signal: SignalName,
  judged: readonly Sample[],
  truth: readonly Micros[],
): Violation[] {
  const health = history.signal(signal, { from: 'health' })
  const off = judged.find(({ t, told, isKnown, true: trueAge }) => {
    const i = indexAt(health.t, t)
    const at = health.t[i]
    if (at === undefined || !isKnown || t - at > healthApartMicros) return false
    const age = health.v[i]
    const last = truth[indexAt(truth, at)]
    if (age === null || age === undefined) {
      return last !== undefined && at - last > healthSlackMicros
    }
    const between = last === undefined ? t - at : trueAge * 1e6 - (at - last)
    const difference = ((told ?? 0) - age) * 1e6 - between
    return difference < -healthSlackMicros || difference > 2 * healthSlackMicros
  })
  if (off === undefined) return []
  const says = `/metrics told an age of ${off.told} s and /health another one, more than 1 s apart.`
  return [{ rule: 'age-differs-from-health', says, at: off.t }]
}

/**
 * Unit tests of the rules as data: what Prometheus scrapes, and when which alert fires. They are
 * printed for `promtool test rules`, which runs Prometheus' own engine on them.
 */
import type { SeriesRow } from '../metrics/series-row.ts'
import { at, type Where } from './promql.ts'
import { minutes, seconds } from './rule.ts'

/** As Prometheus is configured in production, so that a test sees what production does. */
export const stepMs = seconds(15)

export interface CaseSeries {
  readonly series: string
  readonly values: string
}

/** What fires: the text that stands for the value, and the labels that the series have. */
export interface Firing {
  readonly shows: string
  readonly labels: Readonly<Record<string, string>>
}
export interface Look {
  readonly atMs: number
  /** All that fire at this moment. */
  readonly firing: readonly Firing[]
}

export interface RuleCase {
  readonly says: string
  /** It needs a Prometheus that scrapes nothing else. */
  readonly isAlone?: true
  readonly series: readonly CaseSeries[]
  readonly looks: readonly Look[]
}

/** What the scrape of a relay adds; the names are DashFlow's. */
export const relayTarget = {
  job: 'dashstream-infrastructure',
  instance: 'relay-1:3002',
  component: 'websocket-server',
  service: 'dashstream',
} as const
export const prometheusTarget = { job: 'prometheus', instance: 'prometheus:9090' } as const
export const alertmanagerTarget = { job: 'alertmanager', instance: 'alertmanager:9093' } as const
type Target = Readonly<Record<string, string>>

/** Samples of one series, one each {@link stepMs}, from the start of the test on. */
export class Line {
  readonly #parts: string[] = []
  #last: number

  /** @param first the first sample */
  constructor(first: number) {
    this.#last = first
    this.#parts.push(String(first))
  }

  /** The same value for so long. */
  stays(ms: number): this {
    return this.#append(0, ms)
  }
  /** Grows evenly by so much in all. */
  climbs(by: number, ms: number): this {
    return this.#append(by / (ms / stepMs), ms)
  }
  /** The next sample has this value. */
  jumps(to: number): this {
    this.#last = to
    this.#parts.push(String(to))
    return this
  }
  /** No samples for so long. */
  isGone(ms: number): this {
    this.#parts.push(`_x${ms / stepMs}`)
    return this
  }
  /** In the notation of promtool. */
  get text(): string {
    return this.#parts.join(' ')
  }

  #append(step: number, ms: number): this {
    const count = ms / stepMs
    if (count === 0) return this
    this.#parts.push(`${this.#last + step}+${step}x${count - 1}`)
    this.#last += step * count
    return this
  }
}
export const line = (first: number): Line => new Line(first)

/** A series of a relay, or of another target. */
export const given = <R extends SeriesRow>(
  row: R,
  values: Line,
  labels?: Where<R>,
  ending = '',
  target: Target = relayTarget,
): CaseSeries => {
  const own = at(row, labels, ending)
  const added = Object.entries(target).map(([label, value]) => `${label}="${value}"`)
  const open = own.endsWith('}') ? `${own.slice(0, -1)},` : `${own}{`
  return { series: `${open}${added.join(',')}}`, values: values.text }
}

/** Labels that an alert has besides those of the target. */
export const fires = (
  shows: string,
  labels: Target = {},
  target: Target = relayTarget,
): Firing => ({
  shows,
  labels: { ...target, ...labels },
})

export const quietAt = (atMs: number): Look => ({ atMs, firing: [] })
export const firesAt = (atMs: number, ...firing: readonly [Firing, ...Firing[]]): Look => ({
  atMs,
  firing,
})

/** When the trouble of a case begins: the longest window has passed. */
export const onsetMs = minutes(11)
/** As long as a case may go on, for series that never change. */
export const wholeMs = minutes(36)
/** A case goes on for so long after its trouble, so that windows empty themselves. */
const afterMs = minutes(12)

interface CountCase<R extends SeriesRow> {
  readonly row: R
  readonly labels?: Where<R>
  readonly windowMs: number
  readonly forMs: number
  /** How many in one step are enough, and how many are not. */
  readonly enough: number
  readonly tooFew: number
  readonly shows: string
  readonly target?: Target
}

const totals = (by: number) =>
  line(lifetimeTotal)
    .stays(onsetMs)
    .jumps(lifetimeTotal + by)
    .stays(afterMs)
/** What a counter has when a case begins: more than any limit. */
const lifetimeTotal = 1_000

/** A counter that jumps: the rule reads its growth within a window, and never its total. */
export function countCases<R extends SeriesRow>(about: CountCase<R>): readonly RuleCase[] {
  const { row, labels, windowMs, forMs, enough, tooFew, target = relayTarget } = about
  const series = (by: number) => [given(row, totals(by), labels, '', target)]
  // The sample with the jump is the one after the onset.
  const trueMs = onsetMs + stepMs
  return [
    {
      says: 'fires when it grows, and resolves when the window has passed',
      series: series(enough),
      looks: [
        quietAt(onsetMs),
        ...(forMs === 0 ? [] : [quietAt(trueMs + forMs - stepMs)]),
        firesAt(trueMs + forMs, fires(about.shows, {}, target)),
        quietAt(trueMs + windowMs + stepMs),
      ],
    },
    {
      says: 'is quiet below the limit',
      series: series(tooFew),
      looks: [quietAt(trueMs), quietAt(trueMs + forMs), quietAt(trueMs + windowMs)],
    },
    { says: 'is quiet while nothing happens', series: series(0), looks: [quietAt(onsetMs)] },
    { says: 'is quiet without the series', series: [], looks: [quietAt(onsetMs)] },
  ]
}

interface GaugeCase<R extends SeriesRow> {
  readonly row: R
  readonly labels?: Where<R>
  readonly forMs: number
  readonly good: number
  readonly bad: number
  /** As bad as it may be without an alert. */
  readonly limit: number
  readonly shows: string
  /** Labels of the row that the alert keeps. */
  readonly keeps?: Target
  readonly beside?: readonly CaseSeries[]
  readonly target?: Target
}

const episode = (good: number, bad: number, ms: number) =>
  line(good).stays(onsetMs).jumps(bad).stays(ms).jumps(good).stays(afterMs)

/** A gauge that is bad for a while. */
export function gaugeCases<R extends SeriesRow>(about: GaugeCase<R>): readonly RuleCase[] {
  const { row, labels, forMs, good, bad, limit, beside = [], target = relayTarget } = about
  const lastsMs = forMs + minutes(5)
  const series = (value: number, ms = lastsMs) => [
    given(row, episode(good, value, ms), labels, '', target),
    ...beside,
  ]
  const trueMs = onsetMs + stepMs
  return [
    {
      says: 'fires when it lasts, and resolves when it is over',
      series: series(bad),
      looks: [
        quietAt(onsetMs),
        ...(forMs === 0 ? [] : [quietAt(trueMs + forMs - stepMs)]),
        firesAt(trueMs + forMs, fires(about.shows, about.keeps, target)),
        quietAt(trueMs + lastsMs + 2 * stepMs),
      ],
    },
    {
      says: 'is quiet at the limit',
      series: series(limit),
      looks: [quietAt(trueMs), quietAt(trueMs + forMs), quietAt(trueMs + lastsMs)],
    },
    ...(forMs === 0
      ? []
      : [
          {
            says: 'is quiet when it is over soon',
            series: series(bad, forMs - 2 * stepMs),
            looks: [quietAt(trueMs + forMs), quietAt(trueMs + lastsMs)],
          },
        ]),
    { says: 'is quiet without the series', series: [...beside], looks: [quietAt(trueMs + forMs)] },
  ]
}

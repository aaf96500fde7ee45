/**
 * The relay's metrics as typed handles, derived from the table, and the scrape. Counting adds to a
 * plain number, so that it may be done for every record: a labelled counter of prom-client takes 80
 * times as long. That library only reads the numbers at a scrape, and writes the text.
 */
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import {
  byPartition,
  type CounterRow,
  type GaugeRow,
  type HistogramRow,
  type LabelSet,
  type MetricRow,
} from '../tables/metric-row.ts'
import { type MetricKey, metricRows } from '../tables/metrics.ts'

type Labels<L extends LabelSet> = {
  readonly [K in keyof L]: L[K] extends readonly (infer V)[] ? V : number
}
type AnyLabels = Readonly<Record<string, string | number>>
/** One line of a scrape, as the library prints it. */
interface Line {
  readonly labels: AnyLabels
  readonly value: number
  readonly metricName?: string
}

/** One counter series. */
export class Tally {
  #added = 0
  #read: (() => number) | undefined

  /** Adds `n`, a whole number of at least 0. Not for a series that is read from a source. */
  add(n = 1): void {
    if (this.#read !== undefined) throw new TypeError('this series is derived: add to its source')
    this.#added += n
  }
  /** Reads the value of the series from a source. */
  from(read: () => number): void {
    this.#read = read
  }
  /** Everything counted since the start. */
  get total(): number {
    return this.#read === undefined ? this.#added : this.#read()
  }
}

/** One histogram series. */
export class Distribution {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  /** @param bounds upper bounds of the buckets, ascending; values above all of them count too */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }
  observe(value: number): void {
    let at = 0
    while (at < this.#bounds.length && value > this.#bounds[at]!) at++
    this.#counts[at]! += 1
    this.#sum += value
  }
  /** The lines of this series, with cumulative buckets as the text format requires. */
  lines(name: string, labels: AnyLabels): Line[] {
    let below = 0
    const buckets = this.#counts.map((count, at) => ({
      labels: { ...labels, le: this.#bounds[at] ?? '+Inf' },
      value: (below += count),
      metricName: `${name}_bucket`,
    }))
    return [
      ...buckets,
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: below, metricName: `${name}_count` },
    ]
  }
}

/** The series of one metric, one per combination of label values, all present from the start. */
export class Family<L extends LabelSet, S> {
  readonly #names: readonly string[]
  readonly #series = new Map<string, readonly [AnyLabels, S]>()

  constructor(labels: L, begin: () => S) {
    this.#names = Object.keys(labels)
    for (const combination of combinations(labels)) {
      this.#series.set(this.#keyOf(combination), [combination, begin()])
    }
  }
  /** The series with these labels; where it is used often, look it up once and keep it. */
  of(labels: Labels<L>): S {
    const found = this.#series.get(this.#keyOf(labels as AnyLabels))
    if (found === undefined) throw new RangeError(`no series ${JSON.stringify(labels)}`)
    return found[1]
  }
  entries(): Iterable<readonly [AnyLabels, S]> {
    return this.#series.values()
  }
  #keyOf(labels: AnyLabels): string {
    return this.#names.map((name) => labels[name]).join('\0')
  }
}

function combinations(labels: LabelSet): AnyLabels[] {
  let found: AnyLabels[] = [{}]
  for (const [name, values] of Object.entries(labels)) {
    if (values === byPartition) throw new TypeError(`label ${name} has no closed set of values`)
    const longer = (one: AnyLabels) => values.map((value) => Object.assign({ [name]: value }, one))
    found = found.flatMap(longer)
  }
  return found
}

/** A gauge. It has no own value: it reads its source at the scrape, so they cannot differ. */
export class Gauge<Source extends () => unknown> {
  source: Source | undefined
  /** Sets where the value comes from; `undefined`, or an absent entry, leaves the series out. */
  from(source: Source): void {
    this.source = source
  }
}
type One = () => number | undefined
/** By the value of its one label. */
type PerLabel<L extends LabelSet> = () => ReadonlyMap<Labels<L>[keyof L], number>

type IsEmpty<L> = keyof L extends never ? true : false
type HandleOf<R> =
  R extends CounterRow<infer L>
    ? IsEmpty<L> extends true
      ? Tally
      : Family<L, Tally>
    : R extends HistogramRow<infer L>
      ? IsEmpty<L> extends true
        ? Distribution
        : Family<L, Distribution>
      : R extends GaugeRow<infer L>
        ? Gauge<IsEmpty<L> extends true ? One : PerLabel<L>>
        : never
type Handles = { readonly [K in MetricKey]: HandleOf<(typeof metricRows)[K]> }

export interface Scrape {
  /** The whole scrape in Prometheus's text format. */
  text(): Promise<string>
  readonly contentType: string
  /** Names of gauges without a source: a mistake in the wiring. */
  unfed(): readonly string[]
}
export type Metrics = Handles & { readonly scrape: Scrape }

/**
 * Creates all metrics of the table, in a new registry.
 *
 * @param isProcessIncluded also export CPU, memory, event-loop delay and GC of this process
 */
export function createMetrics(isProcessIncluded = true): Metrics {
  const registry = new Registry()
  const handles = Object.fromEntries(
    Object.entries(metricRows).map(([key, row]) => [key, handleOf(row)]),
  ) as unknown as Handles
  for (const [key, row] of Object.entries(metricRows) as [MetricKey, MetricRow][]) {
    register(registry, row, () => linesOf(row, handles[key]))
  }
  if (isProcessIncluded) collectDefaultMetrics({ register: registry })
  derive(handles)
  const scrape: Scrape = {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    unfed: () => unfed(handles),
  }
  return { ...handles, scrape }
}

function handleOf(row: MetricRow): unknown {
  if (row.kind === 'gauge') return new Gauge()
  const begin = () => (row.kind === 'counter' ? new Tally() : new Distribution(row.buckets))
  return Object.keys(row.labels).length === 0 ? begin() : new Family(row.labels, begin)
}

/** The library only reads the lines of a metric, so lines are all that it gets. */
function register(registry: Registry, row: MetricRow, lines: () => Line[]): void {
  const { name, help, kind: type } = row
  const metric = { name, help, type, get: async () => ({ name, help, type, values: lines() }) }
  registry.registerMetric(metric as unknown as Metric)
}

function linesOf(row: MetricRow, handle: Handles[MetricKey]): Line[] {
  if (handle instanceof Gauge) return gaugeLines(row, handle.source?.())
  const series: Iterable<readonly [AnyLabels, Tally | Distribution]> =
    handle instanceof Family ? handle.entries() : [[{}, handle]]
  return Array.from(series).flatMap(([labels, one]) =>
    one instanceof Tally ? [{ labels, value: one.total }] : one.lines(row.name, labels),
  )
}

type GaugeValue = number | ReadonlyMap<string | number, number> | undefined

function gaugeLines(row: MetricRow, value: GaugeValue): Line[] {
  if (value === undefined) return []
  if (typeof value === 'number') return [{ labels: {}, value }]
  const label = Object.keys(row.labels)[0]!
  return Array.from(value, ([labelled, one]) => ({ labels: { [label]: labelled }, value: one }))
}

/** DashFlow's metrics that another metric counts already. */
function derive(handles: Handles): void {
  const sent = (reason: 'send_failed' | 'send_timeout') => () =>
    sumOf(handles.wsSendFailures, (labels) => labels['reason'] === reason)
  handles.sendFailed.from(sent('send_failed'))
  handles.sendTimeout.from(sent('send_timeout'))
  handles.dropped.of({ reason: 'lagged_receiver' }).from(() => sumOf(handles.clientLagMessages))
  const old = handles.kafkaMessages.of({ status: 'old_data_error' })
  handles.oldDataDecodeErrors.from(() => old.total)
  handles.kafkaMessages.of({ status: 'error' }).from(() => sumOf(handles.decodeErrors))
  handles.infraErrors.from(() => sumOf(handles.kafkaErrorsByType))
}

/** The sum over the series of a counter that `isMeant` accepts. */
export function sumOf(
  family: { entries(): Iterable<readonly [AnyLabels, Tally]> },
  isMeant: (labels: AnyLabels) => boolean = () => true,
): number {
  let sum = 0
  for (const [labels, tally] of family.entries()) if (isMeant(labels)) sum += tally.total
  return sum
}

function unfed(handles: Handles): string[] {
  return (Object.entries(handles) as [MetricKey, unknown][])
    .filter(([, handle]) => handle instanceof Gauge && handle.source === undefined)
    .map(([key]) => metricRows[key].name)
}

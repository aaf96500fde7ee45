/**
 * The shape of a metric's row, for the tables that list them. The row is also the type of the
 * metric's handle: a misspelt label, or a value outside its closed set, does not compile.
 */

/** A label whose value is a partition number. */
export const byPartition = 'partition number'
export type LabelSet = Readonly<Record<string, readonly string[] | typeof byPartition>>

interface Row<L extends LabelSet> {
  readonly name: string
  readonly labels: L
  readonly help: string
  readonly isOurs?: true
}
/** Only increases; a restart begins at 0. */
export interface CounterRow<L extends LabelSet = LabelSet> extends Row<L> {
  readonly kind: 'counter'
}
/** Read from its source on each scrape; a series without a value is left out. */
export interface GaugeRow<L extends LabelSet = LabelSet> extends Row<L> {
  readonly kind: 'gauge'
}
/** `buckets` are upper bounds, ascending, without +Inf. */
export interface HistogramRow<L extends LabelSet = LabelSet> extends Row<L> {
  readonly kind: 'histogram'
  readonly buckets: readonly number[]
}
export type MetricRow = CounterRow | GaugeRow | HistogramRow

/** Marks a name that DashFlow does not have. */
export const ours = { isOurs: true } as const
/** No labels. */
export const none = {} as const

export const counter = <const L extends LabelSet>(
  name: string,
  labels: L,
  help: string,
  more: { isOurs?: true } = {},
): CounterRow<L> => ({ kind: 'counter', name, labels, help, ...more })

export const gauge = <const L extends LabelSet>(
  name: string,
  labels: L,
  help: string,
  more: { isOurs?: true } = {},
): GaugeRow<L> => ({ kind: 'gauge', name, labels, help, ...more })

export const histogram = <const L extends LabelSet>(
  name: string,
  labels: L,
  buckets: readonly number[],
  help: string,
  more: { isOurs?: true } = {},
): HistogramRow<L> => ({ kind: 'histogram', name, labels, buckets, help, ...more })

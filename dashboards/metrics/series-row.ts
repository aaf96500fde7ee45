/**
 * The shape of a row for series that are not the relay's own: as a row of the relay's table, but a
 * label may also take values that nobody can list.
 */
import type { byPartition } from '../../relay/tables/metric-row.ts'

/** A label whose values are known only at run time, such as the name of a run. */
export const anyValue = 'any value'
export type SeriesLabels = Readonly<
  Record<string, readonly string[] | typeof byPartition | typeof anyValue>
>

/** A row of any table; the relay's rows are such rows too. */
export interface SeriesRow<L extends SeriesLabels = SeriesLabels> {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labels: L
  readonly help: string
  /** Of a histogram without `_bucket` series: its name is one series that holds the buckets. */
  readonly isNative?: true
}

/** A row whose kind and labels are kept as types. */
export interface Series<K extends SeriesRow['kind'], L extends SeriesLabels> extends SeriesRow<L> {
  readonly kind: K
}

const rowOf =
  <const K extends SeriesRow['kind']>(kind: K) =>
  <const L extends SeriesLabels>(name: string, labels: L, help: string): Series<K, L> => ({
    kind,
    name,
    labels,
    help,
  })

export const counterSeries = rowOf('counter')
export const gaugeSeries = rowOf('gauge')
export const histogramSeries = rowOf('histogram')
export const nativeHistogramSeries = <const L extends SeriesLabels>(
  name: string,
  labels: L,
  help: string,
) => ({ ...histogramSeries(name, labels, help), isNative: true }) as const

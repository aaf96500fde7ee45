/**
 * PromQL from the rows of the metric tables: a metric, label or value that does not exist does not
 * compile. Labels of a metric are summed away by `without`, so that those of the target (run,
 * instance, pod) stay, whichever they are.
 */
import { foreignRows } from '../metrics/foreign-metrics.ts'
import type { SeriesRow } from '../metrics/series-row.ts'
import type { TargetLabel } from '../metrics/tables.ts'

/** What is asked of the labels of a row: one value, or one of several. */
export type Where<R extends SeriesRow> = {
  readonly [L in keyof R['labels']]?: OneOrMore<ValueOf<R['labels'][L]>>
}
type ValueOf<V> = V extends readonly (infer One)[] ? One : string | number
type OneOrMore<V> = V | readonly V[]

/** The series of a row. */
export function at<R extends SeriesRow>(row: R, where: Where<R> = {}, ending = ''): string {
  const asked = Object.entries(where as Readonly<Record<string, OneOrMore<string | number>>>)
  const matchers = asked.map(([label, wanted]) =>
    Array.isArray(wanted) ? `${label}=~"${wanted.join('|')}"` : `${label}="${String(wanted)}"`,
  )
  const suffix = matchers.length === 0 ? '' : `{${matchers.join(',')}}`
  return `${row.name}${ending}${suffix}`
}

/** Of relays alone, where other processes have the series too; the label is DashFlow's. */
export const ofRelays = (row: SeriesRow): string => `${row.name}{${relayMatcher}}`
const relayMatcher = 'component="websocket-server"' satisfies `${TargetLabel}="${string}"`

const without = (row: SeriesRow, aggregate: string, vector: string) => {
  const labels = Object.keys(row.labels)
  return labels.length === 0 ? vector : `${aggregate} without (${labels.join(', ')}) (${vector})`
}

/** How much a counter grew within a window, summed over its labels. */
export const increase = <R extends SeriesRow & { kind: 'counter' | 'histogram' }>(
  row: R,
  window: string,
  where?: Where<R>,
): string => without(row, 'sum', `increase(${at(row, where, endingOf(row))}[${window}])`)

/** How much a counter grows per second, summed over its labels. */
export const rate = <R extends SeriesRow & { kind: 'counter' | 'histogram' }>(
  row: R,
  window: string,
  where?: Where<R>,
): string => without(row, 'sum', `rate(${at(row, where, endingOf(row))}[${window}])`)

/** Of a histogram, how many were observed. */
const endingOf = (row: SeriesRow) => (row.kind === 'histogram' ? '_count' : '')

/** A gauge, summed over its labels. */
export const total = <R extends SeriesRow & { kind: 'gauge' }>(row: R, where?: Where<R>): string =>
  without(row, 'sum', at(row, where))

/** The quantile of a histogram over a window; its own labels are summed away. */
export const quantile = (
  share: number,
  row: SeriesRow & { kind: 'histogram' },
  window: string,
): string => {
  const buckets = `rate(${row.name}_bucket[${window}])`
  return `histogram_quantile(${share}, ${without(row, 'sum', buckets)})`
}

/** As {@link quantile}, of each value of the labels by itself. */
export const quantileOfEach = (
  share: number,
  row: SeriesRow & { kind: 'histogram' },
  window: string,
): string => `histogram_quantile(${share}, rate(${row.name}_bucket[${window}]))`

/**
 * What a lower tier adds: nothing while the tier above it fires on the same instance. This works
 * with any Alertmanager, and leaves no hole while the upper tier is still pending.
 */
export const unlessFiring = (alert: string): string => {
  const where = { alertname: alert, alertstate: 'firing' } as const
  return `unless on (job, instance) ${at(foreignRows.alerts, where)}`
}

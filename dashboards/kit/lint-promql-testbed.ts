/**
 * What a query of a dashboard must hold: it is PromQL, all that it asks for exists, counters are
 * only asked how fast they grow, over a window that fits the zoom, and nothing stands in for an
 * answer that is missing.
 */
import { byPartition } from '../../relay/tables/metric-row.ts'
import { anyValue, type SeriesRow } from '../metrics/series-row.ts'
import { rowsBySeries, targetLabels } from '../metrics/tables.ts'
import { originOf, readPromql, type Matcher, type Selector } from './promql-testbed.ts'

const windows = ['$__rate_interval', '$__range'] as const
/** How fast a counter grows, and the window that such a question must have. */
const growth = new Map<string, readonly string[]>([
  ['rate', ['$__rate_interval']],
  ['irate', ['$__rate_interval']],
  ['increase', windows],
])
/** Stand-ins of the same syntax, so that the parser can read the rest. */
const standIns = new Map<string, string>(windows.map((name, at) => [name, `${at + 1}m7s`]))

const orVector = /\bor\s+(?:on\s*\(\s*\)\s*)?vector\s*\(/

export function lintPromql(expr: string): string[] {
  const { faults, selectors, grouped } = readPromql(substituted(expr))
  const labels = new Set<string>(selectors.flatMap(({ metric }) => [...seriesLabels(metric)]))
  return [
    ...faults.map((piece) => `not PromQL at "${piece}"`),
    ...(orVector.test(expr) ? ['`or vector()` hides a dead relay'] : []),
    ...grouped.filter((label) => !labels.has(label)).map((label) => `no label ${label}`),
    ...selectors.flatMap(lintSelector),
  ]
}

/** Labels that a series may have; empty if there is no such series. */
export function seriesLabels(series: string): Set<string> {
  const row = rowsBySeries.get(series)
  if (row === undefined) return new Set()
  const own = Object.keys(row.labels)
  return new Set([...own, ...targetLabels, ...(series.endsWith('_bucket') ? ['le'] : [])])
}

/** Labels that the answer of a query may have. */
export function answerLabels(expr: string): Set<string> {
  const origin = originOf(substituted(expr))
  if (origin === undefined) return new Set()
  return 'by' in origin ? new Set(origin.by) : seriesLabels(origin.metric)
}

const substituted = (expr: string): string =>
  [...standIns].reduce((text, [name, standIn]) => text.replaceAll(name, standIn), expr)
const originalOf = (window: string): string =>
  [...standIns].find(([, standIn]) => standIn === window)?.[0] ?? window

function lintSelector({ metric, matchers, window, functions }: Selector): string[] {
  const row = rowsBySeries.get(metric)
  if (row === undefined) return [`no metric ${metric}`]
  const asked = functions.find((name) => growth.has(name))
  const isCounter = row.kind !== 'gauge'
  const allowed = asked === undefined ? windows : (growth.get(asked) ?? [])
  const isOdd = window !== '' && !allowed.some((one) => one === originalOf(window))
  return [
    ...(isCounter && asked === undefined ? [`${metric} only grows: ask for its rate`] : []),
    ...(!isCounter && asked !== undefined ? [`${asked} of ${metric}, which may fall`] : []),
    ...(isOdd ? [`window [${originalOf(window)}] of ${metric}, not ${allowed.join(' or ')}`] : []),
    ...(metric.endsWith('_bucket') && !functions.includes('histogram_quantile')
      ? [`buckets of ${metric} outside histogram_quantile`]
      : []),
    ...matchers.flatMap((matcher) => lintMatcher(row, metric, matcher)),
  ]
}

function lintMatcher(row: SeriesRow, series: string, { label, op, value }: Matcher): string[] {
  if (!seriesLabels(series).has(label)) return [`no label ${label} of ${series}`]
  const values = row.labels[label]
  if (values === undefined || values === byPartition || values === anyValue) return []
  if (value.startsWith('$')) return []
  const wanted = op.endsWith('~') ? value.split('|') : [value]
  return wanted
    .filter((one) => !values.includes(one))
    .map((one) => `no value "${one}" of label ${label} of ${series}`)
}

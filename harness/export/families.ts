/**
 * The family of each series that was scraped, and its type: by the tables, since a scrape in the
 * history holds values only. What no table knows is of unknown type and keeps its name.
 */
import { rowsBySeries } from '../../dashboards/metrics/tables.ts'
import type { SeriesRow } from '../../dashboards/metrics/series-row.ts'
import { parseSeries, type SeriesKey } from '../history/readings.ts'
import type { FamilyType } from './openmetrics.ts'

/** Series that are one value together, such as the buckets of a histogram: bounds ascending. */
export interface MetricGroup {
  readonly keys: readonly string[]
}

export interface Family {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly groups: readonly MetricGroup[]
}

const unknownHelp = 'Scraped from the relay; no table of this version has it.'
const total = '_total'

/** The families of series keys, in the order in which they came. */
export function familiesOf(keys: Iterable<string>): Family[] {
  const parsed = [...keys].map((key) => ({ key, ...parseSeries(key) }))
  const metrics = new Set(parsed.map(({ metric }) => metric))
  const byFamily = Map.groupBy(parsed, ({ metric }) => nameOf(metric, metrics))
  return [...byFamily].map(([name, own]) => {
    const metric = own[0]?.metric ?? name
    const row = rowsBySeries.get(metric)
    const type = typeOf(row, name)
    return { name, type, help: row?.help ?? unknownHelp, groups: groupsOf(own, type) }
  })
}

/**
 * A counter's family has no `_total`. Where that would be the name of another metric, the counter
 * keeps its full name, and no type.
 */
function nameOf(metric: string, all: ReadonlySet<string>): string {
  const row = rowsBySeries.get(metric)
  if (row === undefined) return metric
  if (row.kind !== 'counter') return row.name
  const family = row.name.endsWith(total) ? row.name.slice(0, -total.length) : row.name
  return all.has(family) ? row.name : family
}

function typeOf(row: SeriesRow | undefined, family: string): FamilyType {
  if (row === undefined) return 'unknown'
  return row.kind === 'counter' && row.name === family ? 'unknown' : row.kind
}

interface Parsed extends SeriesKey {
  readonly key: string
}

function groupsOf(series: readonly Parsed[], type: FamilyType): MetricGroup[] {
  if (type !== 'histogram') return series.map(({ key }) => ({ keys: [key] }))
  const byLabels = Map.groupBy(series, ({ labels: { le: _bound, ...rest } }) => {
    return JSON.stringify(rest)
  })
  return [...byLabels.values()].map((own) => ({
    keys: own.toSorted((a, b) => boundOf(a) - boundOf(b)).map(({ key }) => key),
  }))
}

/** The bound of a bucket; `_count` and `_sum` stand behind all, in the order of their names. */
function boundOf({ metric, labels: { le } }: Parsed): number {
  if (le === undefined) return metric.endsWith('_count') ? beyondBuckets : beyondBuckets * 2
  return le === '+Inf' ? beyondBuckets / 2 : Number(le)
}
const beyondBuckets = 2 ** 1_000

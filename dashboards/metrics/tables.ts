/**
 * Every series that a dashboard or an alert rule may ask for, by who writes it; and the labels
 * that the scrape, not the writer, adds. What is not here does not exist: a query of it does not
 * compile, and a test refuses it in a text.
 */
import { metricRows } from '../../relay/tables/metrics.ts'
import { foreignRows } from './foreign-metrics.ts'
import { k6Rows } from './k6-metrics.ts'
import { runRows } from './run-metrics.ts'
import type { SeriesRow } from './series-row.ts'

export const tables = {
  relay: metricRows,
  run: runRows,
  k6: k6Rows,
  foreign: foreignRows,
} as const

/**
 * Labels that any series may have: Prometheus' own, those of the target files that the conductor
 * writes (DashFlow's names), and `run` and `scenario` of exported runs.
 */
export const targetLabels = [
  'job',
  'instance',
  'run',
  'scenario',
  'variant',
  'component',
  'service',
] as const
export type TargetLabel = (typeof targetLabels)[number]

/** Between two scrapes where we configure Prometheus; a fault of 10 s is two samples wide. */
export const scrapeSeconds = 5

/** When exported runs begin, unless another time is asked for: so they lie over each other. */
export const runsBegin = '2026-01-01T00:00:00Z'

/** All rows of all tables. */
export const allRows: readonly SeriesRow[] = Object.values(tables).flatMap((rows) =>
  Object.values<SeriesRow>(rows),
)

/** Names of a row's series as Prometheus stores them. */
const seriesOf = ({ name, kind, isNative }: SeriesRow): readonly string[] =>
  kind === 'histogram' && isNative !== true
    ? ['_bucket', '_sum', '_count'].map((ending) => `${name}${ending}`)
    : [name]

/** By name of a series, `_bucket` and the like included, its row. */
export const rowsBySeries: ReadonlyMap<string, SeriesRow> = new Map(
  allRows.flatMap((row) => seriesOf(row).map((name): [string, SeriesRow] => [name, row])),
)

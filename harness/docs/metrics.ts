/** METRICS.md from the table of metrics. */
import { byPartition, type LabelSet, type MetricRow } from '../../relay/tables/metric-row.ts'
import { sayNumber } from '../world/amounts.ts'
import { bullets, code, codes, page, paragraph, prose, table } from './markdown.ts'

export interface MetricTables {
  readonly groups: readonly { readonly title: string; readonly rows: readonly MetricRow[] }[]
  /** Names that the metrics library adds by itself. */
  readonly processNames: readonly string[]
}

export function printMetrics({ groups, processNames }: MetricTables): string {
  const rows = groups.flatMap((group) => group.rows)
  const ours = rows.filter(({ isOurs }) => isOurs).length
  return page(
    ['# Metrics of the reference relay', ''],
    paragraph(
      `\`GET /metrics\` exposes ${rows.length} metrics in the Prometheus text format.`,
      `${rows.length - ours} have DashFlow's names; **ours** marks the ${ours} that it lacks.`,
    ),
    bullets([
      'A counter only increases and begins at 0 with each start. Every value of a closed set of ' +
        'labels exists from the start, as 0: an alert rule on it never meets an absent series.',
      'A gauge is read from its source on each scrape. Where the value is unknown the series is ' +
        'absent; it does not report 0.',
      'A label `partition` has one series for each partition that this relay is assigned. The ' +
        'series disappears when the partition is revoked.',
      'The buckets of a histogram are upper bounds; `+Inf` follows them.',
    ]),
    groups.flatMap(printGroup),
    ['## Process', ''],
    paragraph('Added by prom-client, under its own names:', `${codes(processNames)}.`),
  )
}

function printGroup({ title, rows }: MetricTables['groups'][number]): readonly string[] {
  const cells = rows.map((row) => [
    code(row.name) + (row.isOurs ? ' **ours**' : ''),
    row.kind,
    labelCell(row.labels),
    prose(row.help) + bucketNote(row),
  ])
  return [`## ${title}`, '', ...table(['metric', 'type', 'labels', 'what it measures'], cells)]
}

const labelCell = (labels: LabelSet): string =>
  Object.entries(labels)
    .map(([name, values]) =>
      values === byPartition ? `${code(name)}: its number` : `${code(name)}: ${codes(values)}`,
    )
    .join('; ')

const bucketNote = (row: MetricRow): string =>
  row.kind === 'histogram' ? ` Buckets: ${row.buckets.map(sayNumber).join(' · ')}.` : ''

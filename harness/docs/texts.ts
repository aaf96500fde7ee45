/** The printed documents: their paths, and how each is made from the tables. */
import { printedAlerts } from '../../dashboards/alerts/printed.ts'
import { droppedRules, ruleGroups, type GroupName } from '../../dashboards/alerts/table.ts'
import { printedDashboards } from '../../dashboards/printed.ts'
import { closeRows } from '../../relay/tables/close-codes.ts'
import { differences } from '../../relay/tables/differences.ts'
import { errorRows } from '../../relay/tables/errors.ts'
import { metricGroups } from '../../relay/tables/metrics.ts'
import { processMetricNames } from '../../relay/tables/process-metrics.ts'
import { settingRows } from '../../relay/tables/settings.ts'
import { findings } from '../findings/findings.ts'
import { defects } from '../defects/index.ts'
import { damageChapters } from '../self-check/damages.ts'
import { hostileFrames } from '../wire/hostile-frames.ts'
import { malformedKinds } from '../records/malformed.ts'
import { printNightSchema, printReportSchema } from '../../reports/render/schema.ts'
import { printAlerts, type AlertTables } from './alerts.ts'
import { printCatalogue, type CatalogueTables } from './catalogue.ts'
import { printConfig, printEnvExample } from './config.ts'
import { printDamages } from './damages.ts'
import { printMetrics, type MetricTables } from './metrics.ts'
import { printProtocol } from './protocol.ts'

export interface PrintedText {
  /** From the root of the repository. */
  readonly path: string
  print(): string
  /** What a committed text says that it should not, where there is more to say than that. */
  readonly differences?: (committed: string) => readonly string[]
}

const metricTitles: Readonly<Record<keyof typeof metricGroups, string>> = {
  intake: 'Records read, and their outcomes',
  lag: 'Lag',
  clients: 'Clients and their buffers',
  memory: 'Memory',
  replay: 'Replay and Redis',
  stages: 'Stages, and when each was last active',
}

/** The metrics in the order of their table. */
export const metricTables: MetricTables = {
  groups: Object.entries(metricGroups).map(([group, rows]) => ({
    title: metricTitles[group as keyof typeof metricGroups],
    rows: Object.values(rows),
  })),
  processNames: processMetricNames,
}

const alertTitles: Readonly<Record<GroupName, string>> = {
  availability: 'Availability',
  kafka: 'Kafka and the stream',
  lag: 'Lag and latency',
  records: 'Records and dead letters',
  clients: 'Clients',
  replay: 'Redis',
  resources: 'Resources',
  monitoring: 'The alerting itself',
}
export const alertTables: AlertTables = {
  groups: ruleGroups,
  titles: alertTitles,
  dropped: droppedRules,
}

/** All printed documents. Scenarios are handed in: only the commands may import them. */
export const printedTexts = (scenarios: CatalogueTables['scenarios']): readonly PrintedText[] => [
  {
    path: 'scenarios/CATALOG.md',
    print: () =>
      printCatalogue({ scenarios, findings, defects, malformed: malformedKinds, hostileFrames }),
  },
  { path: 'relay/CONFIG.md', print: () => printConfig(settingRows) },
  { path: 'relay/METRICS.md', print: () => printMetrics(metricTables) },
  {
    path: 'relay/PROTOCOL.md',
    print: () => printProtocol({ closes: closeRows, errors: errorRows, differences }),
  },
  { path: 'harness/self-check/DAMAGES.md', print: () => printDamages(damageChapters) },
  { path: 'reports/report.schema.json', print: printReportSchema },
  { path: 'reports/nightly.schema.json', print: printNightSchema },
  { path: '.env.example', print: () => printEnvExample(settingRows) },
  ...printedDashboards,
  ...printedAlerts,
  { path: 'dashboards/ALERTS.md', print: () => printAlerts(alertTables) },
]

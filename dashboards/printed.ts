/** The printed files of this house: what Grafana reads. `chaos docs` writes and checks them. */
import { capacityDashboard } from './capacity.ts'
import { comparisonDashboard } from './comparison.ts'
import { dashboardJson, type Dashboard } from './kit/dashboard.ts'
import { printDatasources, printProviders } from './provisioning.ts'
import { relayDashboard } from './relay.ts'

export interface PrintedFile {
  /** From the root of the repository. */
  readonly path: string
  print(): string
  /** What a committed text says that it should not, where there is more to say than that. */
  differences?(committed: string): readonly string[]
}

const provisioning = 'dashboards/grafana/provisioning'

/** All dashboards, in the order in which a reader meets them. */
export const dashboards: readonly Dashboard[] = [
  relayDashboard,
  comparisonDashboard,
  capacityDashboard,
]

/** A dashboard as Grafana reads it from a file. */
export const printDashboard = (dashboard: Dashboard): string =>
  `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`

export const printedDashboards: readonly PrintedFile[] = [
  ...dashboards.map((dashboard) => ({
    path: `dashboards/grafana/${dashboard.uid}.json`,
    print: () => printDashboard(dashboard),
  })),
  { path: `${provisioning}/datasources/prometheus.yml`, print: printDatasources },
  { path: `${provisioning}/dashboards/dashstream-chaos.yml`, print: printProviders },
]

/** The printed files of this house: what Grafana reads. `chaos docs` writes and checks them. */
import { printDatasources, printProviders } from './provisioning.ts'

export interface PrintedFile {
  /** From the root of the repository. */
  readonly path: string
  print(): string
}

const provisioning = 'dashboards/grafana/provisioning'

export const printedDashboards: readonly PrintedFile[] = [
  { path: `${provisioning}/datasources/prometheus.yml`, print: printDatasources },
  { path: `${provisioning}/dashboards/dashstream-chaos.yml`, print: printProviders },
]

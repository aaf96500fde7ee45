/**
 * The files by which Grafana finds its datasource and these dashboards when it starts. UI edits
 * are off: a change that is not in this folder would be lost at the next start.
 */
import { stringify } from 'yaml'
import { scrapeSeconds } from './metrics/tables.ts'

/** Of the provisioned datasource; alert links and people's own dashboards may rely on it. */
export const datasourceUid = 'prometheus'

/** Where the compose file mounts `dashboards/grafana`. */
const dashboardsFolder = '/var/lib/grafana/dashboards'
/** How often Grafana reads the folder again. */
const rescanSeconds = 30

const head = '# Printed from dashboards/provisioning.ts: npm run chaos -- docs\n'

/** @param stepSeconds between two samples of most series */
export const printDatasources = (
  url = 'http://prometheus:9090',
  stepSeconds = scrapeSeconds,
): string =>
  head +
  stringify({
    apiVersion: 1,
    datasources: [
      {
        name: 'Prometheus',
        uid: datasourceUid,
        type: 'prometheus',
        access: 'proxy',
        url,
        isDefault: true,
        editable: false,
        // Grafana makes `$__rate_interval` of it: four scrapes at least.
        jsonData: { httpMethod: 'POST', timeInterval: `${stepSeconds}s` },
      },
    ],
  })

/** @param folder with the dashboards' JSON */
export const printProviders = (folder = dashboardsFolder): string =>
  head +
  stringify({
    apiVersion: 1,
    providers: [
      {
        name: 'DashStream Chaos',
        orgId: 1,
        folder: 'DashStream Chaos',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: rescanSeconds,
        options: { path: folder },
      },
    ],
  })

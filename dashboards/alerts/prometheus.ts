/**
 * Prometheus' configuration: it finds relays in files, which the conductor writes for live runs and
 * the compose stack brings for its own, scrapes itself, and hands alerts to Alertmanager.
 */
import { stringify } from 'yaml'
import { scrapeSeconds } from '../metrics/tables.ts'
import { durationText, production, type Form } from './form.ts'
import { seconds } from './rule.ts'

export interface PrometheusPlaces {
  /** Paths of files with targets, a glob in the last part; relative to the configuration. */
  readonly targetFiles: readonly string[]
  readonly ruleFiles: readonly string[]
  /** `host:port` of each Alertmanager; none where alerts go nowhere. */
  readonly alertmanagers: readonly string[]
  /** Where Prometheus itself listens. */
  readonly self: string
  /** How often relays are scraped. */
  readonly relayScrapeMs: number
}

export const productionPlaces: PrometheusPlaces = {
  targetFiles: ['targets/*.json'],
  ruleFiles: ['alert-rules.yml'],
  alertmanagers: ['alertmanager:9093'],
  self: 'localhost:9090',
  // A fault of ten seconds must be seen. The rules hold with the interval of the form too.
  relayScrapeMs: seconds(scrapeSeconds),
}

/** DashFlow's name of the job. */
export const relayJob = 'dashstream-infrastructure'

const staticJob = (name: string, targets: readonly string[]) => ({
  job_name: name,
  static_configs: [{ targets }],
})

/** The file as Prometheus reads it. */
export function printPrometheus(
  places: PrometheusPlaces = productionPlaces,
  form: Form = production,
): string {
  const { targetFiles, ruleFiles, alertmanagers, self, relayScrapeMs } = places
  const says =
    '# Prometheus for relays: targets are files with the labels run, variant, component and\n' +
    '# service, such as targets/compose.json.\n' +
    '# Printed from dashboards/alerts: npm run chaos -- docs\n'
  const file = {
    global: {
      scrape_interval: durationText(form.scrapeMs),
      evaluation_interval: durationText(form.evaluationMs),
    },
    rule_files: ruleFiles,
    alerting: {
      alertmanagers:
        alertmanagers.length === 0 ? [] : [{ static_configs: [{ targets: alertmanagers }] }],
    },
    scrape_configs: [
      {
        job_name: relayJob,
        scrape_interval: durationText(relayScrapeMs),
        scrape_timeout: durationText(Math.min(relayScrapeMs, form.scrapeMs)),
        file_sd_configs: [{ files: targetFiles, refresh_interval: durationText(refreshMs) }],
      },
      staticJob('prometheus', [self]),
      ...(alertmanagers.length === 0 ? [] : [staticJob('alertmanager', alertmanagers)]),
    ],
  }
  return says + stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** Files are noticed when they change; this is for file systems that tell nobody. */
const refreshMs = seconds(15)

/** The target of the compose stack, by the name of its service there. */
export const printComposeTargets = (): string =>
  `${JSON.stringify(
    [
      {
        targets: ['relay:3002'],
        labels: { component: 'websocket-server', service: 'dashstream', variant: 'reference' },
      },
    ],
    null,
    2,
  )}\n`

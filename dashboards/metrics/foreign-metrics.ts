/**
 * Series of others that dashboards and rules ask for: Prometheus' own, Alertmanager's, and those
 * of the process and the runtime, which prom-client collects.
 */
import { anyValue, counterSeries, gaugeSeries, histogramSeries } from './series-row.ts'

const none = {} as const

/** What Prometheus writes about each target and each alert. */
const monitoring = {
  up: gaugeSeries('up', none, '1 if the last scrape of the target succeeded, else 0.'),
  alerts: gaugeSeries(
    'ALERTS',
    { alertname: anyValue, alertstate: ['pending', 'firing'], severity: anyValue },
    '1 while the alert is pending or firing; absent otherwise.',
  ),
  scrapeDuration: gaugeSeries('scrape_duration_seconds', none, 'Duration of the last scrape.'),
  scrapeSamples: gaugeSeries('scrape_samples_scraped', none, 'Samples of the last scrape.'),
  ruleFailures: counterSeries(
    'prometheus_rule_evaluation_failures_total',
    { rule_group: anyValue },
    'Evaluations of a rule that failed.',
  ),
  ruleMissed: counterSeries(
    'prometheus_rule_group_iterations_missed_total',
    { rule_group: anyValue },
    'Evaluations of a group that were skipped because the one before took too long.',
  ),
  notificationsDropped: counterSeries(
    'prometheus_notifications_dropped_total',
    none,
    'Alerts that Prometheus could not hand to any Alertmanager.',
  ),
  notificationErrors: counterSeries(
    'prometheus_notifications_errors_total',
    { alertmanager: anyValue },
    'Alerts that an Alertmanager did not take.',
  ),
  alertmanagersKnown: gaugeSeries(
    'prometheus_notifications_alertmanagers_discovered',
    none,
    'Alertmanagers that Prometheus knows.',
  ),
  configReloaded: gaugeSeries(
    'prometheus_config_last_reload_successful',
    none,
    '1 if the last reload of the configuration succeeded, else 0.',
  ),
  alertmanagerNotifications: counterSeries(
    'alertmanager_notifications_total',
    { integration: anyValue },
    'Notifications that Alertmanager tried to send.',
  ),
  alertmanagerFailures: counterSeries(
    'alertmanager_notifications_failed_total',
    { integration: anyValue },
    'Notifications that Alertmanager could not send.',
  ),
} as const

/** The process of the relay, seen by itself. */
const ownProcess = {
  cpuUser: counterSeries('process_cpu_user_seconds_total', none, 'CPU time in user mode.'),
  cpuSystem: counterSeries('process_cpu_system_seconds_total', none, 'CPU time in the kernel.'),
  cpu: counterSeries('process_cpu_seconds_total', none, 'CPU time.'),
  startTime: gaugeSeries('process_start_time_seconds', none, 'Unix time of the start.'),
  residentMemory: gaugeSeries('process_resident_memory_bytes', none, 'RSS.'),
  virtualMemory: gaugeSeries('process_virtual_memory_bytes', none, 'Virtual memory.'),
  heap: gaugeSeries('process_heap_bytes', none, 'Data segment.'),
  openFds: gaugeSeries('process_open_fds', none, 'Open file descriptors.'),
  maxFds: gaugeSeries('process_max_fds', none, 'Limit of open file descriptors.'),
} as const

/** The Node.js runtime of the relay. */
const runtime = {
  loopLag: gaugeSeries('nodejs_eventloop_lag_seconds', none, 'Lag of the event loop at a scrape.'),
  loopLagMin: gaugeSeries('nodejs_eventloop_lag_min_seconds', none, 'Least lag since the last.'),
  loopLagMax: gaugeSeries('nodejs_eventloop_lag_max_seconds', none, 'Most lag since the last.'),
  loopLagMean: gaugeSeries('nodejs_eventloop_lag_mean_seconds', none, 'Mean lag since the last.'),
  loopLagStddev: gaugeSeries('nodejs_eventloop_lag_stddev_seconds', none, 'Its deviation.'),
  loopLagP50: gaugeSeries('nodejs_eventloop_lag_p50_seconds', none, 'Median lag.'),
  loopLagP90: gaugeSeries('nodejs_eventloop_lag_p90_seconds', none, '90th percentile of the lag.'),
  loopLagP99: gaugeSeries('nodejs_eventloop_lag_p99_seconds', none, '99th percentile of the lag.'),
  resources: gaugeSeries('nodejs_active_resources', { type: anyValue }, 'Resources by type.'),
  resourcesTotal: gaugeSeries('nodejs_active_resources_total', none, 'Resources.'),
  handles: gaugeSeries('nodejs_active_handles', { type: anyValue }, 'Handles by type.'),
  handlesTotal: gaugeSeries('nodejs_active_handles_total', none, 'Handles.'),
  requests: gaugeSeries('nodejs_active_requests', { type: anyValue }, 'Requests by type.'),
  requestsTotal: gaugeSeries('nodejs_active_requests_total', none, 'Requests.'),
  heapTotal: gaugeSeries('nodejs_heap_size_total_bytes', none, 'Size of the heap.'),
  heapUsed: gaugeSeries('nodejs_heap_size_used_bytes', none, 'Used part of the heap.'),
  external: gaugeSeries('nodejs_external_memory_bytes', none, 'Buffers outside the heap.'),
  spaceTotal: gaugeSeries('nodejs_heap_space_size_total_bytes', { space: anyValue }, 'Size.'),
  spaceUsed: gaugeSeries('nodejs_heap_space_size_used_bytes', { space: anyValue }, 'Used part.'),
  spaceAvailable: gaugeSeries(
    'nodejs_heap_space_size_available_bytes',
    { space: anyValue },
    'Free part.',
  ),
  version: gaugeSeries(
    'nodejs_version_info',
    { version: anyValue, major: anyValue, minor: anyValue, patch: anyValue },
    'Always 1; the version is in the labels.',
  ),
  gcDuration: histogramSeries(
    'nodejs_gc_duration_seconds',
    { kind: ['major', 'minor', 'incremental', 'weakcb'] },
    'Duration of garbage collections, by kind.',
  ),
} as const

export const processRows = { ...ownProcess, ...runtime } as const
export const foreignRows = { ...monitoring, ...processRows } as const

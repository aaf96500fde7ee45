/** Is the relay there at all, and does it stay? */
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import { metricRows } from '../../../relay/tables/metrics.ts'
import { at, ofRelays } from '../promql.ts'
import { minutes, ours, changed, type RuleGroup } from '../rule.ts'

const up = ofRelays(foreignRows.up)
/** A relay that was only deployed again starts once or twice. */
const startsMax = 3

export const availability = {
  ServiceDown: {
    tier: 'page',
    severity: 'critical',
    family: 'availability',
    expr: () => `${up} == 0`,
    forMs: minutes(1),
    summary: 'The relay {{ $labels.instance }} does not answer.',
    means:
      'Prometheus cannot scrape it. Clients are disconnected, and see nothing until it is back. ' +
      'All other alerts of this instance are muted.',
    steps: [
      'Look whether the process runs and why it ended: exit code 75 is its circuit breaker.',
      'Ask `/livez` from another machine: if it answers, the network to Prometheus is the cause.',
      'Start it again. Clients resume by themselves from the replay buffer.',
    ],
    panel: 'up',
    origin: changed(
      "DashFlow's also watches its exporter, which is not part of this stack; a target that " +
        'disappears is `ServiceAbsent`.',
    ),
  },
  ServiceAbsent: {
    tier: 'page',
    severity: 'critical',
    family: 'availability',
    expr: () => `absent(${up})`,
    forMs: minutes(1),
    summary: 'Prometheus has no relay to scrape.',
    means:
      'No target has `component="websocket-server"`. Every other rule about relays is blind, and ' +
      'its silence means nothing.',
    steps: [
      'Look at the targets page of Prometheus: is the file, or the ServiceMonitor, found?',
      'Compare the labels of the target with `component="websocket-server"`.',
    ],
    panel: 'up',
    origin: ours('`up == 0` finds nothing where there is no target: a lost target was silence.'),
  },
  RelayMetricsAbsent: {
    tier: 'ticket',
    severity: 'high',
    family: 'availability',
    expr: () => `${up} == 1 unless ${at(metricRows.uptime)}`,
    forMs: minutes(2),
    summary: '{{ $labels.instance }} is scraped, but is not a relay.',
    means: 'The target answers without the metrics of a relay: all its alerts are blind.',
    steps: [
      'Open its `/metrics`: another process, another path or another port answers.',
      'Correct the target.',
    ],
    panel: 'up',
    origin: ours('DashFlow shows absent metrics on a panel, which is not watched at night.'),
  },
  RelayRestartsOften: {
    tier: 'page',
    severity: 'critical',
    family: 'availability',
    expr: (form) =>
      `changes(${ofRelays(foreignRows.startTime)}[${form.window(minutes(10))}]) >= ${startsMax}`,
    forMs: 0,
    summary: 'The relay {{ $labels.instance }} restarts again and again.',
    means:
      'It started {{ $value }} times within the window. Each start disconnects all clients, and ' +
      'is too short for `ServiceDown`.',
    steps: [
      'Read the last lines of its log before each end, and its exit code.',
      'Exit code 75 is the circuit breaker: records waited unread although Kafka answered.',
      'Killed by the system: compare its memory with the limit of the container.',
    ],
    panel: 'uptime',
    origin: ours('A crash loop is up at nearly every scrape.'),
  },
} as const satisfies RuleGroup

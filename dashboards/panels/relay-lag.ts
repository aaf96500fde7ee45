/** Lag against the log end, whether it is known, and the consumer's state. */
import { max, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, relay } from './relay-scope.ts'

export const lagPanels = {
  lag: {
    id: 20,
    kind: 'lines',
    title: 'Lag by partition',
    shows: 'Records from the next offset to the log end. A line ends where the lag is unknown.',
    todo:
      'All partitions: the relay is too slow; see CPU and event loop. One: a hot key, or a stuck ' +
      'leader. No line: see "Lag polls that failed".',
    width: 8,
    asks: [
      {
        query: max(ask.gauge(relay.consumerLag), ['partition']),
        legend: 'partition {{partition}}',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 10_000, level: 'warn' },
      { from: 100_000, level: 'bad' },
    ],
    noValue: 'unknown',
  },
  lagAge: {
    id: 21,
    kind: 'lines',
    title: 'Age of the lag',
    shows: 'Time since the lag monitor got an answer for every partition.',
    todo: 'Above a minute the lag is not known. Kafka does not answer: see "Consumer errors".',
    width: 8,
    asks: [
      {
        query: max(ask.since(relay.lagLastSuccessTimestamp), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 60, level: 'bad' }],
    noValue: 'never known',
  },
  lagPolls: {
    id: 22,
    kind: 'lines',
    title: 'Lag polls that failed',
    shows: 'Partitions for which a poll of the lag monitor got no answer.',
    todo: 'Look at the brokers that lead these partitions, and at the time of polls beside it.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.lagPollFailures), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  lagPollDuration: {
    id: 23,
    kind: 'lines',
    title: 'Duration of lag polls',
    shows: 'The 99th percentile, by outcome.',
    todo: 'Slow polls: the brokers are slow for everybody; look at their request times.',
    width: 8,
    asks: [
      {
        query: ask.quantile(0.99, relay.lagPollDuration, ['status']),
        legend: '{{status}}',
        expect: 'data',
      },
    ],
  },
  lagOffsetAge: {
    id: 24,
    kind: 'lines',
    title: 'Time since a record of the partition',
    shows: 'It grows on an idle partition too: only with lag above 0 is it a stuck one.',
    todo: 'If the same partition has lag, restart nothing yet: see its leader and the next panel.',
    width: 8,
    asks: [
      {
        query: max(ask.gauge(relay.lagOffsetAge), ['partition']),
        legend: 'partition {{partition}}',
        expect: 'data',
      },
    ],
  },
  stalled: {
    id: 25,
    kind: 'lines',
    title: 'Records wait unread',
    shows: 'How long records have waited in Kafka unread although it answered.',
    todo:
      'The relay restarts its consumer by itself. If it does so again and again, take a CPU ' +
      'profile.',
    width: 8,
    asks: [
      {
        query: max(ask.gauge(relay.breakerStalled), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 10, level: 'warn' },
      { from: 60, level: 'bad' },
    ],
  },
  infraErrors: {
    id: 26,
    kind: 'lines',
    title: 'Consumer errors',
    shows: 'Errors of the consumer that are not about a record, by type.',
    todo:
      '`broker_down`, `connection_timeout`: brokers or network. `dns_failure`: the resolver. ' +
      '`tls_failure`, `auth_failure`: a certificate or a password changed.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.kafkaErrorsByType), ['error_type']),
        legend: '{{error_type}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 0.02, level: 'warn' }],
  },
  commits: {
    id: 27,
    kind: 'lines',
    title: 'Commits and fetches',
    shows: 'Commits that succeeded and failed, and fetches that a broker answered.',
    todo:
      'A failed commit is harmless, as the next one covers it; if all fail, a restart repeats ' +
      'records.',
    width: 8,
    asks: [
      { query: sum(ask.rate(relay.commits)), legend: 'committed', expect: 'data' },
      { query: sum(ask.rate(relay.commitFailures)), legend: 'failed', expect: 'data' },
      { query: sum(ask.rate(relay.fetches)), legend: 'fetches', expect: 'data' },
    ],
  },
  rebalances: {
    id: 28,
    kind: 'lines',
    title: 'Partitions',
    shows: 'Partitions assigned to these relays, those not being read now, and those catching up.',
    todo:
      'Paused for long: clients or dead letters hold the relay up. None assigned: another member ' +
      'of the group has them; every relay needs a group of its own.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(relay.assignedPartitions)), legend: 'assigned', expect: 'data' },
      { query: sum(ask.gauge(relay.pausedPartitions)), legend: 'paused', expect: 'data' },
      { query: sum(ask.gauge(relay.catchupPhase)), legend: 'catching up', expect: 'data' },
      {
        query: sum(ask.increase(relay.rebalances)),
        legend: 'assignments received',
        expect: 'data',
      },
    ],
  },
  logRegressions: {
    id: 29,
    kind: 'lines',
    title: 'Topic truncated or recreated',
    shows: 'Times that offsets or the topic id went back, and lag samples beyond the log end.',
    todo: 'The topic was deleted, or an unclean leader election lost records: ask them.',
    width: 8,
    asks: [
      { query: sum(ask.increase(relay.logRegressions)), legend: 'regressions', expect: 'data' },
      { query: sum(ask.increase(relay.lagClamps)), legend: 'lag below 0', expect: 'data' },
    ],
    thresholds: [{ from: 1, level: 'bad' }],
  },
} as const satisfies Panels

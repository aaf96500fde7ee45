/** Is the relay well now? The first row: one look, before anything is read. */
import { from, min, share, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, foreign, relay } from './relay-scope.ts'

const minute = 60

export const nowPanels = {
  up: {
    id: 1,
    kind: 'stat',
    title: 'Up',
    shows: 'Whether Prometheus could read /metrics of every relay; the worst of them counts.',
    todo:
      'Look at the process and its last log lines. If it runs, ask /live on its port: without an ' +
      'answer its event loop is blocked; with one, the network between Prometheus and it is cut. ' +
      '"Not scraped" means that Prometheus knows no such target: look at its targets page.',
    width: 3,
    asks: [
      {
        query: min(ask.gauge(foreign.up, {}, { component: 'websocket-server' })),
        legend: 'up',
        expect: 'data',
      },
    ],
    words: { 0: 'down', 1: 'up' },
    base: 'bad',
    thresholds: [{ from: 1, level: 'good' }],
    noValue: 'not scraped',
  },
  alerts: {
    id: 2,
    kind: 'stat',
    title: 'Alerts firing',
    shows: 'Alerts of these relays that are firing now.',
    todo: 'Open the alert: its summary says what is wrong and what to do, and links to a panel.',
    width: 3,
    asks: [
      {
        query: sum(ask.gauge(foreign.alerts, { alertstate: 'firing' })),
        legend: 'firing',
        expect: 'absence',
      },
    ],
    thresholds: [{ from: 1, level: 'bad' }],
    noValue: 'none',
  },
  uptime: {
    id: 3,
    kind: 'stat',
    title: 'Uptime',
    shows: 'Time since the start of the relay that started last.',
    todo: 'If nobody deployed it, it crashed: look for a fatal log line and its exit code.',
    width: 3,
    asks: [{ query: min(ask.gauge(relay.uptime)), legend: 'uptime', expect: 'data' }],
    base: 'warn',
    thresholds: [{ from: 5 * minute, level: 'good' }],
    noValue: 'not scraped',
  },
  clientsNow: {
    id: 4,
    kind: 'stat',
    title: 'Clients',
    shows: 'Clients that are connected now.',
    todo: 'If it fell, look at "Clients closed" for the reason and at "Connections refused".',
    width: 3,
    asks: [{ query: sum(ask.gauge(relay.connectedClients)), legend: 'clients', expect: 'data' }],
    noValue: 'not scraped',
  },
  recordsNow: {
    id: 5,
    kind: 'stat',
    title: 'Records',
    shows: 'Records read from Kafka each second, whatever became of them.',
    todo:
      'If it is 0 and the topic is not idle, look at "Lag" and "Consumer errors": Kafka does not ' +
      'answer, or the relay has no partition.',
    width: 3,
    unit: 'recps',
    asks: [{ query: sum(ask.rate(relay.kafkaMessages)), legend: 'records', expect: 'data' }],
    noValue: 'not scraped',
  },
  latencyNow: {
    id: 6,
    kind: 'stat',
    title: 'Latency p99',
    shows: "Time from the producer's timestamp to the relay that 99 % of the records stay below.",
    todo:
      'See "Latency": if the median rose too, look at lag; if only p99 did, at the event loop. ' +
      'Records of the future are not counted: see "Clock skew" before believing a low value.',
    width: 3,
    asks: [
      {
        // Without records it is NaN, which would be shown instead of the words for nothing.
        query: from(0, ask.quantile(0.99, relay.e2eLatencyFine)),
        legend: 'p99',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 0.2, level: 'warn' },
      { from: 0.5, level: 'bad' },
    ],
    noValue: 'no records',
  },
  lagNow: {
    id: 7,
    kind: 'stat',
    title: 'Lag',
    shows: 'Records between the relay and the log end, summed over partitions.',
    todo:
      'If it grows, compare "Records" with what is produced: too slow, or stopped? "Unknown" ' +
      'means that Kafka does not answer the lag monitor: it says nothing about the lag.',
    width: 3,
    asks: [{ query: sum(ask.gauge(relay.consumerLag)), legend: 'lag', expect: 'data' }],
    thresholds: [
      { from: 10_000, level: 'warn' },
      { from: 100_000, level: 'bad' },
    ],
    noValue: 'unknown',
  },
  decodeShareNow: {
    id: 8,
    kind: 'stat',
    title: 'Decode errors',
    shows: 'Share of new records that did not decode.',
    todo: 'See "Decode errors by reason"; the dead letters hold the records and their offsets.',
    width: 3,
    asks: [
      {
        query: from(
          0,
          share(sum(ask.rate(relay.decodeErrors)), sum(ask.rate(relay.kafkaMessages))),
        ),
        legend: 'decode errors',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 0.01, level: 'warn' },
      { from: 0.05, level: 'bad' },
    ],
    noValue: 'no records',
  },
} as const satisfies Panels

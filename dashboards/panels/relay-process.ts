/** The process: memory against its budget, CPU, event loop, descriptors; age of each stage. */
import { from, max, min, share, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, foreign, relay } from './relay-scope.ts'

const day = 86_400

export const processPanels = {
  memory: {
    id: 60,
    kind: 'lines',
    title: 'Memory',
    shows: 'RSS of the fullest relay, its heap, and buffers outside the heap.',
    todo: 'RSS grows and the shares beside it do not: take a heap snapshot before it is restarted.',
    width: 8,
    asks: [
      { query: max(ask.gauge(foreign.residentMemory)), legend: 'RSS', expect: 'data' },
      { query: max(ask.gauge(foreign.heapUsed)), legend: 'heap used', expect: 'data' },
      { query: max(ask.gauge(foreign.external)), legend: 'outside the heap', expect: 'data' },
    ],
  },
  memoryShares: {
    id: 61,
    kind: 'lines',
    title: 'Memory budget used, by share',
    shows: 'Used bytes of the limit of each share, of the fullest relay.',
    todo: 'At 100 % the relay refuses or closes what asks for more: see "Refused for memory".',
    width: 8,
    asks: [
      {
        query: share(
          max(ask.gauge(relay.memoryUsed), ['share']),
          max(ask.gauge(relay.memoryLimit), ['share']),
        ),
        legend: '{{share}}',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 0.8, level: 'warn' },
      { from: 0.95, level: 'bad' },
    ],
  },
  memoryRefusals: {
    id: 62,
    kind: 'lines',
    title: 'Refused for memory',
    shows: 'Times that a share had no bytes left for what a client requested or sent.',
    todo: 'Raise the budget of the relay, or lower the limit of clients.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.memoryRefusals), ['share']),
        legend: '{{share}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  eventLoop: {
    id: 63,
    kind: 'lines',
    title: 'Event loop delay',
    shows: '99th percentile and maximum between two scrapes, of the slowest relay.',
    todo: 'Above 100 ms everything is late. See CPU: at 100 % of a core there is too much load.',
    width: 8,
    asks: [
      { query: max(ask.gauge(foreign.loopLagP99)), legend: 'p99', expect: 'data' },
      { query: max(ask.gauge(foreign.loopLagMax)), legend: 'maximum', expect: 'data' },
    ],
    thresholds: [
      { from: 0.1, level: 'warn' },
      { from: 0.5, level: 'bad' },
    ],
  },
  cpu: {
    id: 64,
    kind: 'lines',
    title: 'CPU and garbage collection',
    shows: 'CPU time in cores (the relay works on one), and the share of time in collections.',
    todo: 'Near 100 %: add a relay with its own group. Collections above 10 %: memory is short.',
    width: 8,
    asks: [
      {
        query: max(ask.rate(foreign.cpu), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
      {
        query: max(ask.sumRate(foreign.gcDuration), ['kind']),
        legend: 'collection, {{kind}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 0.8, level: 'warn' }],
  },
  fds: {
    id: 65,
    kind: 'lines',
    title: 'File descriptors',
    shows: 'Open ones of the relay that has most, and the limit of the process.',
    todo: 'Every client takes one. Raise `ulimit -n`, or find what is not closed.',
    width: 8,
    asks: [
      { query: max(ask.gauge(foreign.openFds)), legend: 'open', expect: 'data' },
      { query: min(ask.gauge(foreign.maxFds)), legend: 'limit', expect: 'data', isLimit: true },
    ],
  },
  ages: {
    id: 66,
    kind: 'lines',
    title: 'Time since each stage was active',
    shows: 'Of the relay where it is longest. A stage that was never active has no line.',
    todo: 'The first stage in the order of the pipeline that is old while records wait is stuck.',
    width: 8,
    asks: [
      {
        query: max(from(0, ask.gauge(relay.stageAge)), ['stage']),
        legend: '{{stage}}',
        expect: 'data',
      },
    ],
  },
  inflight: {
    id: 67,
    kind: 'lines',
    title: 'Fetched and not yet offered',
    shows: 'Bytes that the relay has fetched and not offered to clients yet.',
    todo: 'Near its share of the memory budget the relay pauses partitions: it is too slow.',
    width: 8,
    asks: [
      {
        query: max(ask.gauge(relay.inflightBytes), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
  },
  logLines: {
    id: 68,
    kind: 'lines',
    title: 'Log lines lost',
    shows: 'Log lines dropped because stdout was not drained.',
    todo: 'The log collector stalls, or the disk is full: until then the log has holes.',
    width: 4,
    asks: [
      { query: sum(ask.increase(relay.logLinesLost)), legend: 'lines', expect: 'data' },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  certificate: {
    id: 69,
    kind: 'stat',
    title: 'Certificate expires in',
    shows: 'Time until the certificate of the listener expires.',
    todo: 'Renew it and restart the relay, before clients are refused.',
    width: 4,
    asks: [
      { query: min(ask.until(relay.tlsNotAfter)), legend: 'certificate', expect: 'absence' },
    ],
    base: 'bad',
    thresholds: [
      { from: 7 * day, level: 'warn' },
      { from: 21 * day, level: 'good' },
    ],
    noValue: 'no TLS here',
  },
} as const satisfies Panels

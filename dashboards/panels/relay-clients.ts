/** Clients: who is connected, who missed records, who was closed, and why. */
import { sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, relay } from './relay-scope.ts'

export const clientPanels = {
  clients: {
    id: 30,
    kind: 'lines',
    title: 'Connected clients',
    shows: 'By relay.',
    todo: 'Uneven after a restart is normal until clients reconnect; the balancer decides.',
    width: 8,
    asks: [
      {
        query: sum(ask.gauge(relay.connectedClients), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
  },
  sentBytes: {
    id: 31,
    kind: 'lines',
    title: 'Sent to clients',
    shows: 'Bytes handed to the sockets of clients, frame headers included.',
    todo: 'Near the capacity of the link: add a relay, or fewer clients for each.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.clientSentBytes), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
  },
  closes: {
    id: 32,
    kind: 'lines',
    title: 'Clients closed, by reason',
    shows: 'Clients that were closed or left.',
    todo: 'PROTOCOL.md says what each reason means. `slow_consumer…`: the client or its network.',
    width: 8,
    asks: [
      { query: sum(ask.rate(relay.clientsOpened)), legend: 'opened', expect: 'data' },
      {
        query: sum(ask.rate(relay.clientsClosed), ['reason']),
        legend: '{{reason}}',
        expect: 'data',
      },
    ],
  },
  sendTimeouts: {
    id: 33,
    kind: 'lines',
    title: 'Writes that failed, by kind',
    shows: 'Clients closed because a write failed or exceeded its deadline, by kind of write.',
    todo:
      '`send_timeout` on `broadcast`: clients too slow for the stream. On `control`: clients ' +
      'that do not read at all. Many at once: the network between.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.wsSendFailures), ['reason', 'path']),
        legend: '{{reason}} {{path}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  dropped: {
    id: 34,
    kind: 'lines',
    title: 'Records that clients missed',
    shows: 'Records lost to clients that fell behind the ring, by severity, summed over clients.',
    todo: 'They get a gap frame and may replay. If there are many clients: a larger ring.',
    width: 8,
    unit: 'recps',
    asks: [
      { query: sum(ask.rate(relay.dropped)), legend: 'all', expect: 'data' },
      {
        query: sum(ask.rate(relay.clientLagMessages), ['severity']),
        legend: '{{severity}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  refused: {
    id: 35,
    kind: 'lines',
    title: 'Connections refused',
    shows: 'Connections and HTTP requests that were refused, by reason.',
    todo:
      '`address`: many clients behind one address; raise that limit. `total`: the relay is full. ' +
      '`token`, `guesses`: wrong passwords. `origin`: a page that is not on the list.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.refusedConnections), ['reason']),
        legend: '{{reason}}',
        expect: 'data',
      },
      {
        query: sum(ask.rate(relay.refusedHttpRequests), ['reason']),
        legend: 'HTTP {{reason}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  hostile: {
    id: 36,
    kind: 'lines',
    title: 'Frames that were refused',
    shows: 'Control frames that were too large or no JSON, requests above a limit, and throttling.',
    todo: 'A client is broken or hostile: its address is in the log of its close.',
    width: 8,
    asks: [
      { query: sum(ask.rate(relay.controlOversized)), legend: 'too large', expect: 'data' },
      { query: sum(ask.rate(relay.controlParseFailures)), legend: 'no JSON', expect: 'data' },
      {
        query: sum(ask.rate(relay.requestsRefused), ['reason']),
        legend: '{{reason}}',
        expect: 'data',
      },
      { query: sum(ask.rate(relay.clientsThrottled)), legend: 'throttled', expect: 'data' },
    ],
  },
  clientMemory: {
    id: 37,
    kind: 'lines',
    title: 'Bytes held for clients',
    shows: 'The shared ring, what clients hold of it behind its end, and their own queues.',
    todo: '"Behind the ring" grows: slow clients. They are closed at their limit by themselves.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(relay.ringBytes)), legend: 'ring', expect: 'data' },
      { query: sum(ask.gauge(relay.ringPinnedBytes)), legend: 'behind the ring', expect: 'data' },
      { query: sum(ask.gauge(relay.clientHeldBytes)), legend: 'held by clients', expect: 'data' },
      { query: sum(ask.gauge(relay.clientQueueBytes)), legend: 'answers', expect: 'data' },
    ],
  },
} as const satisfies Panels

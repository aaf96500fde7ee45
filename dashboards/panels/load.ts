/** Load and capacity: is the SLO held, what binds first, and is it the generator that does. */
import { max, min, ofLimit, queriesOf, share, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { tables } from '../metrics/tables.ts'

const ask = queriesOf({ run: '$run', instance: '$instance' })
/** What was recorded of a run has no instance. */
const recorded = queriesOf({ run: '$run' })
const written = queriesOf({})
const { relay, run, k6, foreign } = tables

/** The SLO of capacity: p99 of the latency to clients. DashFlow's alert is at the same value. */
const latencySlo = { base: 'good', thresholds: [{ from: 0.5, level: 'bad' }] } as const
/** Delays above it are seen in the latency of every client. */
const loopDelayMax = 0.1
/** A generator that is later than this measures itself. */
const generatorDelayMax = 0.05
const lagMax = 10_000
const p99 = { quantile: '0.99', path: 'live' } as const
const ofK6 = { testrun_name: '$testrun' } as const

export const sloPanels = {
  latency: {
    id: 1,
    kind: 'lines',
    title: 'Latency to clients, p99',
    shows: 'From the send time to the client: our own fleet in recorded runs, k6 in live ones.',
    todo: 'Above the line the SLO is broken: the load before that is the capacity.',
    width: 12,
    asks: [
      {
        query: max(recorded.gauge(run.deliveryLatency, p99), ['run']),
        legend: '{{run}}',
        expect: 'data of recorded runs',
      },
      {
        query: written.quantile(0.99, k6.e2e, ['testrun_name'], ofK6),
        legend: 'k6 {{testrun_name}}',
        expect: "needs the user's k6",
      },
    ],
    ...latencySlo,
  },
  relayLatency: {
    id: 2,
    kind: 'lines',
    title: 'Latency to the relay, p99',
    shows: "From the producer's timestamp to the relay.",
    todo: 'High here: Kafka, or the intake of the relay. Low here and high beside it: sending.',
    width: 12,
    asks: [
      { query: ask.quantile(0.99, relay.e2eLatencyFine), legend: 'p99', expect: 'data' },
      { query: ask.quantile(0.5, relay.e2eLatencyFine), legend: 'p50', expect: 'data' },
    ],
    ...latencySlo,
  },
  offered: {
    id: 3,
    kind: 'lines',
    title: 'Offered and read',
    shows: 'Records that Kafka took from the producer, and those that the relay read.',
    todo: 'If they part, the relay is past its capacity and the lag grows.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(recorded.rate(run.recordsAcked)),
        legend: 'offered',
        expect: 'data of recorded runs',
      },
      { query: sum(ask.rate(relay.kafkaMessages)), legend: 'read', expect: 'data' },
    ],
  },
  delivered: {
    id: 4,
    kind: 'lines',
    title: 'Delivered',
    shows: 'Records to all clients together. k6 counts frames: a record comes with a cursor.',
    todo: 'A plateau while the offered load rises is the capacity in deliveries.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(recorded.rate(run.deliveries)),
        legend: 'fleet',
        expect: 'data of recorded runs',
      },
      {
        query: sum(written.rate(k6.wsMessagesReceived, ofK6)),
        legend: 'k6 (frames)',
        expect: "needs the user's k6",
      },
    ],
  },
  clients: {
    id: 5,
    kind: 'lines',
    title: 'Clients',
    shows: 'Clients connected to the relay, and virtual users of k6.',
    todo: 'Fewer than the profile says: connections are refused, see the dashboard of the relay.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(relay.connectedClients)), legend: 'connected', expect: 'data' },
      { query: sum(written.gauge(k6.vus, ofK6)), legend: 'k6', expect: "needs the user's k6" },
    ],
  },
  broken: {
    id: 6,
    kind: 'lines',
    title: 'What no load may cause',
    shows: 'Records that clients missed, clients closed by a failed write, refused connections.',
    todo: 'Anything above 0 ends the search for the capacity: the level before it holds.',
    width: 24,
    asks: [
      { query: sum(ask.rate(relay.dropped)), legend: 'records missed', expect: 'data' },
      { query: sum(ask.rate(relay.wsSendFailures)), legend: 'writes failed', expect: 'data' },
      { query: sum(ask.rate(relay.refusedConnections)), legend: 'refused', expect: 'data' },
      { query: sum(ask.rate(relay.memoryRefusals)), legend: 'no memory', expect: 'data' },
    ],
    thresholds: [{ from: 0.01, level: 'bad' }],
  },
} as const satisfies Panels

export const bindingPanels = {
  binding: {
    id: 10,
    kind: 'lines',
    title: 'Binding constraint',
    shows:
      'How much of each limit is used, 200 % at most. The line that reaches 100 % first binds.',
    todo:
      'CPU or event loop: more relays. Memory: a larger budget. Lag: brokers or CPU. If a ' +
      'generator binds, the result is about the generator: add machines for it.',
    width: 24,
    asks: [
      { query: max(ask.rate(foreign.cpu)), legend: 'CPU, one core', expect: 'data' },
      {
        query: ofLimit(loopDelayMax, max(ask.gauge(foreign.loopLagP99))),
        legend: 'event loop, 100 ms',
        expect: 'data',
      },
      {
        query: max(
          share(
            max(ask.gauge(relay.memoryUsed), ['share']),
            max(ask.gauge(relay.memoryLimit), ['share']),
          ),
        ),
        legend: 'memory, fullest share',
        expect: 'data',
      },
      {
        query: share(max(ask.gauge(foreign.openFds)), min(ask.gauge(foreign.maxFds))),
        legend: 'file descriptors',
        expect: 'data',
      },
      {
        query: ofLimit(lagMax, sum(ask.gauge(relay.consumerLag))),
        legend: 'lag, 10,000 records',
        expect: 'data',
      },
      {
        query: ofLimit(generatorDelayMax, max(recorded.gauge(run.harnessLoopDelay))),
        legend: 'fleet and producer, 50 ms',
        expect: 'data of recorded runs',
      },
      {
        query: ofLimit(generatorDelayMax, written.quantile(0.99, k6.generatorLag, [], ofK6)),
        legend: 'k6, 50 ms',
        expect: "needs the user's k6",
      },
    ],
    thresholds: [{ from: 1, level: 'bad' }],
  },
} as const satisfies Panels

export const generatorPanels = {
  dropped: {
    id: 20,
    kind: 'lines',
    title: 'Iterations that k6 dropped',
    shows: 'Iterations that found no free virtual user.',
    todo: 'Above 0 the load was less than asked for: more virtual users, or more machines.',
    width: 8,
    asks: [
      {
        query: sum(written.rate(k6.droppedIterations, ofK6), ['testrun_name']),
        legend: '{{testrun_name}}',
        expect: "needs the user's k6",
      },
    ],
    thresholds: [{ from: 0.01, level: 'bad' }],
    noValue: 'no k6',
  },
  handshakes: {
    id: 21,
    kind: 'lines',
    title: 'Handshakes of k6, p95',
    shows: 'Duration of the WebSocket handshake.',
    todo: 'Rises with the arrival rate: the relay accepts too slowly, or the balancer does.',
    width: 8,
    asks: [
      {
        query: written.quantile(0.95, k6.wsConnecting, ['testrun_name'], ofK6),
        legend: '{{testrun_name}}',
        expect: "needs the user's k6",
      },
    ],
    noValue: 'no k6',
  },
  delays: {
    id: 22,
    kind: 'lines',
    title: 'Event loop delay of the harness',
    shows: 'Of fleet, producer and conductor.',
    todo: 'Above the line what was measured is the harness: fewer clients for each process.',
    width: 8,
    asks: [
      {
        query: max(recorded.gauge(run.harnessLoopDelay), ['run', 'role']),
        legend: '{{run}} {{role}}',
        expect: 'data of recorded runs',
      },
    ],
    thresholds: [{ from: generatorDelayMax, level: 'bad' }],
    noValue: 'not recorded',
  },
  machine: {
    id: 23,
    kind: 'lines',
    title: 'CPU by process',
    shows: 'In cores, of every process of a recorded run.',
    todo: 'If together they need all cores of the machine, the machine is the limit.',
    width: 24,
    asks: [
      {
        query: max(recorded.rate(run.cpuTime), ['run', 'role']),
        legend: '{{run}} {{role}}',
        expect: 'data of recorded runs',
      },
    ],
    noValue: 'not recorded',
  },
} as const satisfies Panels

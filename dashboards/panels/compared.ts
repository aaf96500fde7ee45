/**
 * Recorded runs over each other. Every series of an exported run has the label `run`, and all runs
 * begin at one time, so a line for each run on one axis is a comparison.
 */
import { max, queriesOf, sum, type Query } from '../kit/query.ts'
import type { Ask, Panels } from '../kit/panel.ts'
import { tables } from '../metrics/tables.ts'

export const ask = queriesOf({ run: '$run' })
export const { relay, run, foreign } = tables
export const byRun = ['run'] as const

/** A line for each run. */
export const perRun = (query: Query<'run'>): Ask => ({
  query,
  legend: '{{run}}',
  expect: 'data',
})

/** What a checker judged by, as a line across; only of runs that had such a rule. */
export const limitOf = (rule: string, unit: 'seconds' | 'bytes' | 'records'): Ask => ({
  query: {
    ...max(ask.gauge(run.ruleLimit, { rule, unit }), ['run', 'rule']),
    unit: unit === 'seconds' ? 's' : unit === 'bytes' ? 'bytes' : 'short',
  },
  legend: 'limit of {{rule}}, {{run}}',
  expect: 'either, because not every scenario judges by this rule',
  isLimit: true,
})

export const windowPanels = {
  faults: {
    id: 1,
    kind: 'bands',
    title: 'Faults',
    shows: 'When which fault was active, for each run. The same windows lie over all charts.',
    todo: 'Compare runs only where their faults begin together: else look at each by itself.',
    width: 12,
    asks: [
      {
        query: max(ask.gauge(run.faultActive), ['run', 'fault']),
        legend: '{{run}}: {{fault}}',
        expect: 'data',
      },
    ],
    unit: 'bool',
    thresholds: [{ from: 1, level: 'bad' }],
    noValue: 'no faults',
  },
  phases: {
    id: 2,
    kind: 'bands',
    title: 'Phases',
    shows: 'The phases of each scenario.',
    todo: 'Do not judge what happens before the first phase or while the run settles.',
    width: 12,
    asks: [
      {
        query: max(ask.gauge(run.phaseActive), ['run', 'phase']),
        legend: '{{run}}: {{phase}}',
        expect: 'data',
      },
    ],
    unit: 'bool',
    thresholds: [{ from: 1, level: 'warn' }],
  },
} as const satisfies Panels

export const deliveryPanels = {
  produced: {
    id: 10,
    kind: 'lines',
    title: 'Produced',
    shows: 'Records that Kafka acknowledged to the producer.',
    todo: 'Unequal: the runs had unequal load, and nothing below can be compared.',
    width: 8,
    unit: 'recps',
    asks: [perRun(sum(ask.rate(run.recordsAcked), byRun))],
  },
  delivered: {
    id: 11,
    kind: 'lines',
    title: 'Delivered',
    shows: 'Records that arrived at clients, live and replayed, summed over clients.',
    todo: 'A dip with no peak after it: records are missing; read the report of that run.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(ask.rate(run.deliveries), ['run', 'path']),
        legend: '{{run}} {{path}}',
        expect: 'data',
      },
    ],
  },
  deliveryLatency: {
    id: 12,
    kind: 'lines',
    title: 'Latency to clients, p99',
    shows: 'From handing a record to Kafka until its live arrival; the slowest group of a run.',
    todo: 'Higher outside the fault windows too: a regression. Only within: the fault itself.',
    width: 8,
    asks: [
      perRun(max(ask.gauge(run.deliveryLatency, { quantile: '0.99', path: 'live' }), byRun)),
      limitOf('delivered-in-time', 'seconds'),
    ],
  },
  relayLatency: {
    id: 13,
    kind: 'lines',
    title: "Latency to the relay, p99",
    shows: "From the producer's timestamp to the relay, as the relay reports it.",
    todo: 'Equal here and unequal beside it: the time is lost between relay and clients.',
    width: 8,
    asks: [perRun(ask.quantile(0.99, relay.e2eLatencyFine, byRun))],
  },
  lag: {
    id: 14,
    kind: 'lines',
    title: 'Lag',
    shows: 'Reported by the relay, and as Kafka told the harness (true); summed over partitions.',
    todo:
      'True lag counts from the committed offset, so it is a little higher. Reported lag that ' +
      'stays low while the true one grows is wrong.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(relay.consumerLag), byRun), legend: '{{run}}', expect: 'data' },
      {
        query: sum(ask.gauge(run.trueLag), byRun),
        legend: '{{run}} (true)',
        expect: 'either, because only scenarios about lag ask Kafka for it',
      },
    ],
  },
  missed: {
    id: 15,
    kind: 'lines',
    title: 'Records that clients missed',
    shows: 'Records lost to clients that fell behind, and gaps that replays declared.',
    todo: 'More than in the baseline: the ring, the replay buffer or the send path is slower.',
    width: 8,
    unit: 'recps',
    asks: [
      { query: sum(ask.rate(relay.dropped), byRun), legend: '{{run}} fell behind', expect: 'data' },
      {
        query: sum(ask.rate(relay.replayGapMessages), byRun),
        legend: '{{run}} gap of a replay',
        expect: 'data',
      },
    ],
  },
} as const satisfies Panels

export const comparedClientPanels = {
  clients: {
    id: 20,
    kind: 'lines',
    title: 'Clients',
    shows: 'Clients that were really connected, and the number that the relay reported.',
    todo: 'If the two stay apart, the relay does not notice that clients are gone.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(run.clientsOpen), byRun), legend: '{{run}}', expect: 'data' },
      {
        query: max(ask.gauge(relay.connectedClients), byRun),
        legend: '{{run}} (reported)',
        expect: 'data',
      },
    ],
  },
  closes: {
    id: 21,
    kind: 'lines',
    title: 'Connections that ended, by close code',
    shows: '`none` ended without a close frame.',
    todo: 'Codes that the baseline has not: PROTOCOL.md says what the relay means by them.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(run.clientsClosed), ['run', 'code']),
        legend: '{{run}} {{code}}',
        expect: 'either, because a run that is cut off may end with its clients connected',
      },
    ],
  },
  health: {
    id: 22,
    kind: 'bands',
    title: 'Health',
    shows: 'What /health said.',
    todo: 'It must say so while a fault is active, and recover within seconds of its end.',
    width: 8,
    unit: 'bool',
    asks: [
      {
        query: max(ask.gauge(run.healthStatus), ['run', 'status']),
        legend: '{{run}}: {{status}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
} as const satisfies Panels

export const comparedResourcePanels = {
  memory: {
    id: 30,
    kind: 'lines',
    title: 'Memory of the relay',
    shows: 'RSS, read from outside.',
    todo: 'A slope that the baseline has not is a leak: run it longer. A step is a buffer.',
    width: 8,
    asks: [
      perRun(max(ask.gauge(run.residentMemory, { role: 'relay' }), byRun)),
      limitOf('memory-bounded', 'bytes'),
    ],
  },
  cpu: {
    id: 31,
    kind: 'lines',
    title: 'CPU of the relay',
    shows: 'In cores, read from outside.',
    todo: 'Higher at equal load: profile both. At 100 % the relay is saturated.',
    width: 8,
    asks: [perRun(max(ask.rate(run.cpuTime, { role: 'relay' }), byRun))],
  },
  eventLoop: {
    id: 32,
    kind: 'lines',
    title: 'Event loop delay of the relay, p99',
    shows: 'Between two scrapes.',
    todo: 'Peaks where the latency has peaks: something long runs at once in the relay.',
    width: 8,
    asks: [perRun(max(ask.gauge(foreign.loopLagP99), byRun))],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  harness: {
    id: 33,
    kind: 'lines',
    title: 'Event loop delay of the harness',
    shows: 'The longest of its processes: how well it could watch.',
    todo: 'Above 100 ms the machine was too busy: measure again before believing the latency.',
    width: 8,
    asks: [perRun(max(ask.gauge(run.harnessLoopDelay), byRun))],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  redisLost: {
    id: 34,
    kind: 'lines',
    title: 'Records that Redis does not hold',
    shows: 'Lost to replay, whatever the reason.',
    todo: 'Only expected while a fault is on the link to Redis.',
    width: 8,
    unit: 'recps',
    asks: [perRun(sum(ask.rate(relay.redisRecordsLost), byRun))],
  },
  deadLetters: {
    id: 35,
    kind: 'lines',
    title: 'Dead letters',
    shows: 'Set aside, and lost.',
    todo: 'Lost ones while Kafka is well: the dead-letter topic is missing or refuses them.',
    width: 8,
    unit: 'recps',
    asks: [
      { query: sum(ask.rate(relay.dlqSends), byRun), legend: '{{run}} sent', expect: 'data' },
      {
        query: sum(ask.rate(relay.dlqSendFailures), byRun),
        legend: '{{run}} lost',
        expect: 'data',
      },
    ],
  },
} as const satisfies Panels

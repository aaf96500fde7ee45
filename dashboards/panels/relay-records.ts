/** Records: what was read, what became of it, how late it was, and whether any are missing. */
import { max, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, relay } from './relay-scope.ts'

export const recordPanels = {
  records: {
    id: 10,
    kind: 'lines',
    title: 'Records read from Kafka',
    shows: 'By outcome. `old_data_error` are records from before the start that did not decode.',
    todo:
      'Errors: see the next panel. No records on a topic that is not idle: see "Lag" and ' +
      '"Consumer errors".',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(ask.rate(relay.kafkaMessages), ['status']),
        legend: '{{status}}',
        expect: 'data',
      },
    ],
  },
  decodeErrors: {
    id: 11,
    kind: 'lines',
    title: 'Decode errors by reason',
    shows: 'Records that did not decode, records without a value, and batches that do not unpack.',
    todo:
      '`schema_version_mismatch`: a producer is newer than the relay. `payload_too_large`: raise ' +
      'the limit or make the records smaller. Others: read a dead letter, find its producer.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(ask.rate(relay.decodeErrors), ['error_type']),
        legend: '{{error_type}}',
        expect: 'data',
      },
      {
        query: sum(ask.rate(relay.kafkaPayloadMissing)),
        legend: 'without a value',
        expect: 'data',
      },
      {
        query: sum(ask.rate(relay.unreadableBatches), ['reason']),
        legend: 'batch {{reason}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  latency: {
    id: 12,
    kind: 'lines',
    title: "Latency from the producer's timestamp to the relay",
    shows: 'Quantiles of the fine histogram, from 1 ms on, and the mean.',
    todo:
      'All lines rose: lag, or a slow broker. Only p99: the event loop, or a burst. Records ' +
      'with a timestamp in the future are left out: see "Clock skew".',
    width: 8,
    asks: [
      { query: ask.quantile(0.5, relay.e2eLatencyFine), legend: 'p50', expect: 'data' },
      { query: ask.quantile(0.9, relay.e2eLatencyFine), legend: 'p90', expect: 'data' },
      { query: ask.quantile(0.99, relay.e2eLatencyFine), legend: 'p99', expect: 'data' },
      { query: ask.mean(relay.e2eLatencyFine), legend: 'mean', expect: 'data' },
    ],
    thresholds: [
      { from: 0.2, level: 'warn' },
      { from: 0.5, level: 'bad' },
    ],
  },
  clockSkew: {
    id: 13,
    kind: 'lines',
    title: 'Clock skew',
    shows: 'Records whose timestamp is in the future. They are not in the latency.',
    todo: 'Check NTP on the producers, then on the relay: until then the latency is too good.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(ask.rate(relay.clockSkew), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  sequences: {
    id: 14,
    kind: 'lines',
    title: 'Sequences of threads',
    shows: 'Missing, repeated and reordered sequences. A gap is a record that never came.',
    todo:
      'Gaps: the producer dropped records, or Kafka lost them; compare its counters. Duplicates ' +
      'after a restart or a rebalance are normal, and clients drop them.',
    width: 8,
    asks: [
      { query: sum(ask.rate(relay.sequenceGaps)), legend: 'gaps', expect: 'data' },
      { query: sum(ask.rate(relay.sequenceDuplicates)), legend: 'duplicates', expect: 'data' },
      { query: sum(ask.rate(relay.sequenceReorders)), legend: 'reordered', expect: 'data' },
    ],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  lastRecordAge: {
    id: 15,
    kind: 'lines',
    title: 'Time since the last record',
    shows: 'Of each relay. It grows on an idle topic too: read it together with the lag.',
    todo: 'Lag above 0 while it grows: the relay is stuck, see "Records wait unread".',
    width: 8,
    asks: [
      {
        query: max(ask.since(relay.lastRecordTimestamp), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
    noValue: 'no record since the start',
  },
} as const satisfies Panels

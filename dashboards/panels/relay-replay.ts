/** Dead letters, and replay with its Redis. */
import { min, sum } from '../kit/query.ts'
import type { Panels } from '../kit/panel.ts'
import { ask, relay } from './relay-scope.ts'

const rarely = 'either, because nobody may ask for a replay while nothing fails'

export const deadLetterPanels = {
  dlq: {
    id: 40,
    kind: 'lines',
    title: 'Dead letters',
    shows: 'Records set aside by reason, those that were lost, and requests that are retried.',
    todo:
      'Sent: read one, find its producer. Lost: the dead-letter topic is missing, full or not ' +
      'allowed: until that is fixed, malformed records vanish.',
    width: 12,
    asks: [
      {
        query: sum(ask.rate(relay.dlqSends), ['error_type']),
        legend: 'sent: {{error_type}}',
        expect: 'data',
      },
      {
        query: sum(ask.rate(relay.dlqSendFailures), ['reason']),
        legend: 'lost: {{reason}}',
        expect: 'data',
      },
      { query: sum(ask.rate(relay.dlqRetries)), legend: 'retried', expect: 'data' },
    ],
    thresholds: [{ from: 0.1, level: 'warn' }],
  },
  dlqWaiting: {
    id: 41,
    kind: 'lines',
    title: 'Dead letters that wait',
    shows: 'Dead letters that Kafka has not acknowledged yet.',
    todo: 'If it stays above 0, Kafka does not take them: see "Consumer errors".',
    width: 12,
    asks: [
      {
        query: sum(ask.gauge(relay.dlqWaiting), ['instance']),
        legend: '{{instance}}',
        expect: 'data',
      },
    ],
  },
} as const satisfies Panels

export const replayPanels = {
  replays: {
    id: 50,
    kind: 'lines',
    title: 'Replays by outcome',
    shows: 'Replays that ended, and those in progress; degraded ones could not read Redis.',
    todo: '`degraded`: see Redis. `timeout`, `busy`: too many clients came back at once.',
    width: 8,
    asks: [
      {
        query: sum(ask.rate(relay.replayOutcomes), ['outcome']),
        legend: '{{outcome}}',
        expect: 'data',
      },
      {
        query: sum(ask.rate(relay.resumeRefusals), ['code']),
        legend: '{{code}}',
        expect: 'data',
      },
    ],
  },
  replayLatency: {
    id: 51,
    kind: 'lines',
    title: 'Duration of replays',
    shows: 'The 99th percentile by mode, however a replay ended.',
    todo: 'Slow: see "Round trips to Redis". The deadline of replays ends them.',
    width: 8,
    asks: [
      {
        query: ask.quantile(0.99, relay.replayLatency, ['mode']),
        legend: '{{mode}}',
        expect: rarely,
      },
    ],
    noValue: 'no replays',
  },
  replayGaps: {
    id: 52,
    kind: 'lines',
    title: 'Records that replays could not give',
    shows: 'Records that replays declared missing, and cursors that were too old.',
    todo: 'Clients were away for longer than the buffer reaches: a longer TTL, or more memory.',
    width: 8,
    unit: 'recps',
    asks: [
      {
        query: sum(ask.rate(relay.replayGapMessages), ['mode']),
        legend: 'missing, {{mode}}',
        expect: 'data',
      },
      { query: sum(ask.rate(relay.replayStaleCursors)), legend: 'stale cursors', expect: 'data' },
    ],
    thresholds: [{ from: 1, level: 'warn' }],
  },
  redis: {
    id: 53,
    kind: 'stat',
    title: 'Redis',
    shows: 'Whether Redis answers every relay. Without it replays reach back as far as memory.',
    todo: 'Look at Redis and its network. The relay reconnects by itself.',
    width: 4,
    asks: [{ query: min(ask.gauge(relay.redisConnected)), legend: 'Redis', expect: 'data' }],
    words: { 0: 'away', 1: 'answers' },
    base: 'bad',
    thresholds: [{ from: 1, level: 'good' }],
    noValue: 'not configured',
  },
  redisLatency: {
    id: 54,
    kind: 'lines',
    title: 'Round trips to Redis',
    shows: 'The 95th percentile by operation, failed ones included.',
    todo: 'Slow: SLOWLOG and latency of Redis, then the network between.',
    width: 10,
    asks: [
      {
        query: ask.quantile(0.95, relay.redisLatency, ['operation']),
        legend: '{{operation}}',
        expect: 'data',
      },
    ],
    thresholds: [
      { from: 50, level: 'warn' },
      { from: 100, level: 'bad' },
    ],
    noValue: 'not asked',
  },
  redisLost: {
    id: 55,
    kind: 'lines',
    title: 'Records that Redis does not hold',
    shows: 'Lost to replay by reason, errors of round trips, and commands that Redis refused.',
    todo:
      '`timeout`, `connection`: Redis is slow or away. `refused`: its memory is full or it is a ' +
      'replica. Clients that come back later get a gap.',
    width: 10,
    asks: [
      {
        query: sum(ask.rate(relay.redisRecordsLost), ['reason']),
        legend: 'lost: {{reason}}',
        expect: 'data',
      },
      { query: sum(ask.rate(relay.redisErrors)), legend: 'errors', expect: 'data' },
      {
        query: sum(ask.rate(relay.redisRefusals), ['reason']),
        legend: 'refused: {{reason}}',
        expect: 'data',
      },
    ],
    thresholds: [{ from: 1, level: 'bad' }],
  },
  replayTiers: {
    id: 56,
    kind: 'lines',
    title: 'Pages of replays, by source',
    shows: 'Pages to which memory or Redis contributed, and those that Redis did not have.',
    todo: 'Many misses: records expired before their clients came back; see the TTL.',
    width: 8,
    asks: [
      { query: sum(ask.rate(relay.memoryHits)), legend: 'memory', expect: 'data' },
      { query: sum(ask.rate(relay.redisHits)), legend: 'Redis', expect: 'data' },
      { query: sum(ask.rate(relay.redisMisses)), legend: 'not in Redis', expect: 'data' },
    ],
  },
  replayMemory: {
    id: 57,
    kind: 'lines',
    title: 'Bytes of the replay buffer',
    shows: 'Its memory, and what waits for Redis.',
    todo: 'The queue grows: Redis is too slow; at its limit records are lost to replay.',
    width: 8,
    asks: [
      { query: sum(ask.gauge(relay.replayMemoryBytes)), legend: 'memory', expect: 'data' },
      { query: sum(ask.gauge(relay.redisQueueBytes)), legend: 'waits for Redis', expect: 'data' },
    ],
  },
  epochs: {
    id: 58,
    kind: 'lines',
    title: 'Cursors invalidated',
    shows: 'Changes of the epoch by reason: after one, cursors that clients hold are refused.',
    todo: '`foreign`, `lost`: Redis lost its data, or two topics share a namespace.',
    width: 8,
    asks: [
      {
        query: sum(ask.increase(relay.epochChanges), ['reason']),
        legend: '{{reason}}',
        expect: 'data',
      },
    ],
  },
} as const satisfies Panels

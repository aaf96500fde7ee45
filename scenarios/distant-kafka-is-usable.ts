/**
 * Kafka answers 250 ms late, and the relay restarts under that latency. All its requests to Kafka
 * together take seconds; replays must not wait for the last answer. Some partitions have no
 * records, so their offsets are only in Kafka's answers.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const far = { fault: 'latency', hop: 'kafka', ms: 250 } as const
const restart = { fault: 'restart-relay', isBackAtOnce: true } as const

export default scenario({
  name: 'distant-kafka-is-usable',
  claim: 'With a distant Kafka, replays are answered in time and live records keep flowing.',
  suites: ['nightly'],
  topic: { partitions: 6 },
  relay: {
    resumeGraceMs: 2_000,
    replayTimeoutMs: 10_000,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    commitIntervalMs: 500,
    ...retainsAll,
    lagIntervalMs: 1_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 300, payloadBytes: 512, threads: 3 },
  fleet: {
    readers: { count: 1, reads: 'fast', reconnects: true },
    late: latecomers(4),
    watching: { count: 2, reads: 'fast', joins: 'later' },
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 3_000 },
    {
      name: 'far',
      ms: 2_000,
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      faults: [far, restart],
      stimuli: [join('late'), join('watching')],
    },
    { name: 'far-still', ms: 4_000, faults: [far] },
  ],
  expect: ({ replayTimeoutMs }) => {
    const late = { groups: ['late'], phase: 'far', replaysMin: 4, recordsMin: 1_000 } as const
    const live = { groups: ['watching'], phases: ['far-still'], deliveriesMin: 1_000 } as const
    return {
      'own-10': [
        { check: 'replays-answered', ...late, limitMs: answerLimitMs(replayTimeoutMs) },
        { check: 'delivered-in-time', ...live, limitMs: 3_000 },
      ],
    }
  },
})

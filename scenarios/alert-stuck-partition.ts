/**
 * First nothing is sent for longer than the limits of the rules on stuck partitions, which must
 * stay silent: nothing waits. Then a malformed record stops a partition in which records wait.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { quiet, shortMinutes } from '../harness/dsl/words.ts'

const poison = { stimulus: 'malformed', kinds: ['garbage'], each: 6 } as const
/** Older than five minutes, for one. */
const staleMs = shortMinutes(5) + shortMinutes(1)
const stale = ['KafkaPartitionStale', 'KafkaPartitionStaleCritical'] as const

export default scenario({
  name: 'alert-stuck-partition',
  claim: 'A stuck partition pages within its time; an idle topic does not page.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    kafkaOnDecodeError: 'pause',
    lagIntervalMs: 1_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  needs: { monitoring: true },
  load: { recordsPerSecond: 100, payloadBytes: 256, threads: 24 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: () => [
    { name: 'traffic', ms: 4_000 },
    { name: 'idle', ms: staleMs + 10_000, ...quiet },
    { name: 'stuck', ms: staleMs + 15_000, stimuli: [poison] },
  ],
  expect: () => ({
    '2X-29': [
      { check: 'alert-stays-silent', alerts: stale, receiver: 'page', phases: ['idle'] },
      {
        check: 'alert-fires',
        alert: 'KafkaPartitionStaleCritical',
        phase: 'stuck',
        withinMs: staleMs + 5_000,
        receiver: 'page',
        notifiedWithinMs: 6_000,
      },
    ],
  }),
})

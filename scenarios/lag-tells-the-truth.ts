/**
 * A rival takes partitions and gives them back; then malformed records stop partitions for good,
 * while the load goes on. The lag gauge is compared with the harness's own count throughout.
 */
import { scenario } from '../harness/dsl/scenario.ts'

export default scenario({
  name: 'lag-tells-the-truth',
  claim: 'The lag gauge is right across rebalances and does not hide a consumer that is stuck.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 6 },
  relay: {
    lagIntervalMs: 1_000,
    lagStaleMs: 2_000,
    commitIntervalMs: 500,
    kafkaOnDecodeError: 'pause',
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 300, payloadBytes: 512, threads: 48 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: ({ lagIntervalMs }) => [
    { name: 'traffic', ms: 3_000 },
    { name: 'rebalance', ms: 6 * lagIntervalMs, faults: [{ fault: 'rebalance', rivals: 1 }] },
    { name: 'reassigned', ms: 5 * lagIntervalMs },
    {
      name: 'stuck',
      ms: 8 * lagIntervalMs,
      stimuli: [{ stimulus: 'malformed', kinds: ['garbage'], each: 6 }],
    },
  ],
  expect: ({ lagIntervalMs: intervalMs }) => {
    const truth = { check: 'lag-truth', intervalMs, commitIntervalMs: 500 } as const
    const phases = ['traffic', 'rebalance', 'reassigned'] as const
    return {
      'v8-L3': [{ ...truth, phases }],
      '2X-33': [{ ...truth, phases }],
      'M-481': [{ ...truth, phases: ['stuck'], stuck: 'stuck' }],
    }
  },
})

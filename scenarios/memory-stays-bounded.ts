/**
 * Stalled clients under a load of small records. The send deadline and the slow-client rule are
 * disabled, so that only the bounds of the queues keep the memory down. The ring is full before
 * any client stalls, by count and by bytes: what grows afterwards is a queue.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const mebibyte = 1_024 * 1_024
const ringBytesMax = 8 * mebibyte
const pinnedBytesMax = 24 * mebibyte

export default scenario({
  name: 'memory-stays-bounded',
  claim: "The relay's memory stays bounded while clients stall under load.",
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: {
    ringBytesMax,
    ringRecordsMax: 2_048,
    pinnedBytesMax,
    redisPartitionBytesMax: 4 * mebibyte,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 500, payloadBytes: 6_144, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    stalled: { count: 8, reads: 'fast' },
  },
  phases: () => [
    { name: 'calm', ms: 8_000 },
    { name: 'stall', ms: 15_000, faults: [{ fault: 'readers-stop', group: 'stalled' }] },
  ],
  expect: () => ({
    'v8-L1': [
      {
        check: 'memory-bounded',
        calm: 'calm',
        phases: ['stall'],
        stalled: 'stalled',
        budgetBytes: pinnedBytesMax,
      },
    ],
  }),
})

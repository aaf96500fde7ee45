/**
 * Large records, and readers that take them as they come. A buffer that is bounded by count holds
 * hundreds of them; one that is bounded in bytes was full in the calm phase already.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const kibibyte = 1_024
const mebibyte = 1_024 * kibibyte
const bufferBytes = 6 * mebibyte
const payloadBytes = 256 * kibibyte
/** About as many as a relay with DashFlow's bounds keeps, each of them. */
const recordsMax = 1_000
/** Twice what the harness allows above the calm phase, and twice that. */
const throughBytes = 4 * (3 * bufferBytes) * 2
const recordsPerSecond = 22

export default scenario({
  name: 'buffers-are-bounded-in-bytes',
  claim: 'Large records do not fill the memory of the relay: its buffers are bounded in bytes.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    ringRecordsMax: recordsMax,
    ringBytesMax: bufferBytes,
    replayMemoryRecordsMax: recordsMax,
    replayMemoryBytesMax: bufferBytes,
    redisQueueBytesMax: bufferBytes,
    redisPartitionBytesMax: bufferBytes,
    // Redis is not what is measured here; a relay that keeps records by count keeps them briefly.
    replayTtlMs: 10_000,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond, payloadBytes, threads: 24 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: () => [
    // The heap of a relay that has just begun grows for so long.
    { name: 'calm', ms: 8_000 },
    { name: 'large', ms: Math.ceil((throughBytes * 1_000) / (recordsPerSecond * payloadBytes)) },
  ],
  expect: () => ({
    '2X-14': [
      { check: 'memory-bounded', calm: 'calm', phases: ['large'], budgetBytes: 3 * bufferBytes },
    ],
  }),
})

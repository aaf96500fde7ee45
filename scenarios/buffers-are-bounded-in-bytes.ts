/**
 * Large records, and readers that keep up. A buffer bounded by count holds hundreds of them; one
 * bounded in bytes is full before the calm phase ends.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const kibibyte = 1_024
const mebibyte = 1_024 * kibibyte
const bufferBytes = 6 * mebibyte
const payloadBytes = 256 * kibibyte
/** About what each buffer of a relay with DashFlow's bounds keeps. */
const recordsMax = 1_000
/** Four times what the harness allows above the calm phase, doubled. */
const throughBytes = 4 * (3 * bufferBytes) * 2
const recordsPerSecond = 22

export default scenario({
  name: 'buffers-are-bounded-in-bytes',
  claim: "Large records do not fill the relay's memory: its buffers are bounded in bytes.",
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    ringRecordsMax: recordsMax,
    ringBytesMax: bufferBytes,
    replayMemoryRecordsMax: recordsMax,
    replayMemoryBytesMax: bufferBytes,
    redisQueueBytesMax: bufferBytes,
    redisPartitionBytesMax: bufferBytes,
    // Redis is not measured here: a short TTL keeps a relay that bounds records by count small.
    replayTtlMs: 10_000,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond, payloadBytes, threads: 24 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: () => [
    // The heap of a relay that has just started grows for about this long.
    { name: 'calm', ms: 8_000 },
    { name: 'large', ms: Math.ceil((throughBytes * 1_000) / (recordsPerSecond * payloadBytes)) },
  ],
  expect: () => ({
    '2X-14': [
      { check: 'memory-bounded', calm: 'calm', phases: ['large'], budgetBytes: 3 * bufferBytes },
    ],
  }),
})

/**
 * Clients ask for all that is retained, and take next to nothing of it. A relay reads ahead for
 * each of them, at least the record that it is sending; what all of them hold together is bounded
 * by nothing that bounds the ring. The deadline of a write is set out of the way.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join } from '../harness/dsl/words.ts'

const mebibyte = 1_024 * 1_024
const payloadBytes = 4 * mebibyte
const ringBytesMax = 8 * mebibyte
/** Room for two of these records, each as it was read and as it is sent. */
const replayPagesBytesMax = 4 * payloadBytes

/** Too slow for a replay, and quick enough to see its end once it is over. */
const late = { bytesPerSecond: 1_000_000, joins: 'later', isDirect: true } as const
/** What buffers on the way hold is read first: only then the end is seen. */
const drainMs = 10_000

export default scenario({
  name: 'replays-fill-no-memory',
  claim: 'Clients that ask for replays and take nothing do not fill the memory of the relay.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    ringBytesMax,
    replayMemoryBytesMax: ringBytesMax,
    redisQueueBytesMax: ringBytesMax,
    replayPagesBytesMax,
    replayTimeoutMs: 12_000,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 2, payloadBytes, threads: 24 },
  fleet: {
    readers: { count: 1, reads: 'fast' },
    askers: { count: 24, reads: 'slow', resume: 'earliest', ...late },
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'calm', ms: 12_000 },
    {
      name: 'asked',
      ms: 22_000,
      awaitsReplaysMs: replayTimeoutMs + drainMs,
      stimuli: [join('askers')],
    },
  ],
  expect: () => ({
    'own-9': [
      {
        check: 'memory-bounded',
        calm: 'calm',
        phases: ['asked'],
        budgetBytes: replayPagesBytesMax + 3 * ringBytesMax,
      },
    ],
  }),
})

/**
 * Redis is told to keep records for 0 seconds, and memory keeps few: what a newcomer is replayed
 * shows whether the relay took that at its word.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, latecomers, retainsAll } from '../harness/dsl/words.ts'

export default scenario({
  name: 'odd-settings-do-no-harm',
  claim: 'A time to live of 0 is replaced by one that works: what was sent can be replayed.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    replayTtlMs: 0,
    replayMemoryRecordsMax: 200,
    ...retainsAll,
    lagDisconnectRecords: 0,
  },
  load: { recordsPerSecond: 500, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 1, reads: 'fast' },
    late: latecomers(2),
  },
  phases: () => [
    { name: 'traffic', ms: 4_000 },
    { name: 'replayed', ms: 2_000, stimuli: [join('late')] },
  ],
  expect: ({ replayTimeoutMs: limitMs }) => {
    const enough = { replaysMin: 2, recordsMin: 3_000 } as const
    const replays = { groups: ['late'], limitMs, ...enough, isRetained: true } as const
    return { 'M-742': [{ check: 'replays-answered', ...replays }] }
  },
})

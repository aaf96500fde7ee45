/**
 * Redis hangs, is cut off, comes back, and is cut off again under a reset. Live records go on as if
 * nothing were; replays hold everything but what the outage took, and say what that was.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const hangs = { fault: 'black-hole', hop: 'redis' } as const
const isCut = { fault: 'cut', hop: 'redis' } as const
const reset = { stimulus: 'reset', group: 'resetter' } as const
/** Little enough to be full soon: what is lost in an outage must be declared. */
const queueBytes = 1_048_576

export default scenario({
  name: 'redis-is-best-effort',
  claim: 'Without Redis live records flow on; once it is back, replays hold what came since.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    redisQueueBytesMax: queueBytes,
    redisClearTimeoutMs: 1_000,
    replayMemoryRecordsMax: 200,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 500, payloadBytes: 1_024, threads: 24 },
  fleet: {
    readers: { count: 3, reads: 'fast' },
    late: latecomers(2),
    resetter: { count: 1, reads: 'fast' },
    anew: latecomers(2),
  },
  phases: () => [
    { name: 'traffic', ms: 3_000 },
    { name: 'hung', ms: 4_000, faults: [hangs] },
    { name: 'gone', ms: 3_000, faults: [isCut] },
    { name: 'recovered', ms: 4_000 },
    { name: 'replayed', ms: 2_000, stimuli: [join('late')] },
    { name: 'reset-in-vain', ms: 2_500, faults: [isCut], stimuli: [reset] },
    { name: 'replayed-anew', ms: 2_000, stimuli: [join('anew')] },
  ],
  expect: ({ replayTimeoutMs: limitMs }) => {
    const late = { groups: ['late'], limitMs, replaysMin: 2, recordsMin: 5_000 } as const
    const phases = ['hung', 'gone'] as const
    const live = { groups: ['readers'], phases, limitMs: 2_000, deliveriesMin: 9_000 } as const
    return {
      '2X-6': [{ check: 'delivered-in-time', ...live }],
      '2X-8': [{ check: 'stream', rules: ['gap-hidden'] }],
      '2X-11': [{ check: 'replays-answered', ...late, isRetained: true }],
      'M-746': [{ check: 'reset-forgets', limitMs: 3_000 }],
    }
  },
})

/**
 * Redis hangs, is cut off, and comes back. Live records must keep flowing. Replays must hold what
 * came after the recovery and declare what the outage lost. At the end the relay restarts, so that
 * it has only what Redis has.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, restartedWith, retainsAll } from '../harness/dsl/words.ts'

const hangs = { fault: 'black-hole', hop: 'redis' } as const
const isCut = { fault: 'cut', hop: 'redis' } as const
/** Small enough to overflow soon: what is lost in an outage must be declared. */
const queueBytes = 1_048_576

export default scenario({
  name: 'redis-is-best-effort',
  claim: 'Without Redis, live records keep flowing; once it is back, replays hold new records.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    redisQueueBytesMax: queueBytes,
    replayTimeoutMs: 10_000,
    replayMemoryRecordsMax: 200,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 500, payloadBytes: 1_024, threads: 24 },
  fleet: { readers: { count: 3, reads: 'fast' }, late: latecomers(2), later: latecomers(2) },
  phases: ({ replayTimeoutMs }) => {
    const replayed = { ms: 1_500, awaitsReplaysMs: answerLimitMs(replayTimeoutMs) } as const
    return [
      { name: 'traffic', ms: 3_000 },
      { name: 'hung', ms: 4_000, faults: [hangs] },
      { name: 'gone', ms: 3_000, faults: [isCut] },
      // A relay may take some seconds to reconnect; then there must be more than memory holds.
      { name: 'recovered', ms: 9_000 },
      { name: 'replayed', ...replayed, stimuli: [join('late')] },
      { name: 'restarted', ...restartedWith({}) },
      { name: 'refilled', ms: 2_500 },
      { name: 'replayed-again', ...replayed, stimuli: [join('later')] },
    ]
  },
  expect: ({ replayTimeoutMs, replayRecordsMax: recordsMax }) => {
    const limitMs = answerLimitMs(replayTimeoutMs)
    const late = { groups: ['late'], limitMs, replaysMin: 2, recordsMin: 1_500 } as const
    const since = { sinceOutage: true, isRetained: true, recordsMax } as const
    const phases = ['hung', 'gone'] as const
    const least = { limitMs: 2_000, deliveriesMin: 9_000 } as const
    const live = { groups: ['readers'], phases, before: 'traffic', ...least } as const
    return {
      '2X-6': [{ check: 'delivered-in-time', ...live }],
      '2X-8': [{ check: 'stream', rules: ['gap-hidden'], takenBy: 'outage' }],
      '2X-11': [{ check: 'replays-answered', ...late, ...since }],
      'own-2': [{ check: 'health-recovers', asks: 'false-alarms' }],
    }
  },
})

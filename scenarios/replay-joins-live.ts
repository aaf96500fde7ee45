/**
 * Replays under load: for clients that lost their connection, for new clients that ask for
 * everything, and after a reset. The buffer is so large that only the reset may remove from it.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const cut = { fault: 'cut', hop: 'clients', group: 'returning' } as const
const back = (replayTimeoutMs: number) => {
  return { ms: 3_000, awaitsReplaysMs: answerLimitMs(replayTimeoutMs) } as const
}
/** The time from the reset to the end of the last phase must cover the limit for its answer. */
const [resetLimitMs, resetMs] = [7_000, 2_000]
const reset = { stimulus: 'reset', group: 'resetter' } as const

export default scenario({
  name: 'replay-joins-live',
  claim: 'A replay under load ends exactly where live records begin, and a reset is permanent.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    replayTimeoutMs: 20_000,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 1_000, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    returning: { count: 6, reads: 'fast', reconnects: true },
    late: latecomers(2),
    newest: { count: 1, reads: 'fast', resume: 'latest', joins: 'later' },
    resetter: { count: 1, reads: 'fast' },
    later: latecomers(2),
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 5_000 },
    { name: 'cut', ms: 2_000, faults: [cut] },
    { name: 'back', ...back(replayTimeoutMs), stimuli: [join('late'), join('newest')] },
    { name: 'reset', ms: resetMs, faults: [cut], stimuli: [reset] },
    {
      name: 'back-again',
      ...back(replayTimeoutMs),
      ms: resetLimitMs - resetMs,
      stimuli: [join('later')],
    },
  ],
  expect: ({ replayRecordsMax: recordsMax }) => {
    const groups = ['returning', 'late', 'later', 'newest'] as const
    const enough = { replaysMin: 4, recordsMin: 5_000, recordsMax } as const
    return {
      'BUG-26': [{ check: 'stream', rules: ['seam-duplicate'] }],
      '2X-1': [{ check: 'stream', rules: ['gap-hidden'] }],
      '2X-15': [{ check: 'stream', rules: ['seam-skip'] }],
      'M-746': [{ check: 'reset-forgets', limitMs: resetLimitMs }],
      'M-748': [{ check: 'replay-end-is-correct', groups, ...enough }],
    }
  },
})

/**
 * The replay buffer is reset while Redis is unreachable. The answer must not claim that everything
 * was cleared, and once Redis is back, records from before the reset must not reappear.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const isCut = { fault: 'cut', hop: 'redis' } as const
const reset = { stimulus: 'reset', group: 'resetter' } as const
const clearMs = 1_000

export default scenario({
  name: 'resets-report-their-result',
  claim: 'A reset that could not reach Redis reports that, and still takes effect.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    redisClearTimeoutMs: clearMs,
    replayTimeoutMs: 10_000,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 500, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    resetter: { count: 1, reads: 'fast' },
    late: latecomers(2),
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 2_500 },
    { name: 'reset-unreachable', ms: 3_000, faults: [isCut], stimuli: [reset] },
    { name: 'recovered', ms: 3_000 },
    {
      name: 'replayed',
      ms: 1_000,
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      stimuli: [join('late')],
    },
  ],
  expect: () => ({ 'M-746': [{ check: 'reset-forgets', limitMs: clearMs + 2_000 }] }),
})

/**
 * The replay buffer is reset while Redis cannot be reached. The answer must not say that all was
 * cleared, and once Redis is back, what was before the reset must not be there again.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const isCut = { fault: 'cut', hop: 'redis' } as const
const reset = { stimulus: 'reset', group: 'resetter' } as const
const clearMs = 1_000

export default scenario({
  name: 'resets-report-their-result',
  claim: 'A reset that did not reach Redis does not say that it did, and forgets all the same.',
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
    anew: latecomers(2),
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 2_500 },
    { name: 'reset-in-vain', ms: 3_000, faults: [isCut], stimuli: [reset] },
    { name: 'recovered', ms: 3_000 },
    {
      name: 'replayed',
      ms: 1_000,
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      stimuli: [join('anew')],
    },
  ],
  expect: () => ({ 'M-746': [{ check: 'reset-forgets', limitMs: clearMs + 2_000 }] }),
})

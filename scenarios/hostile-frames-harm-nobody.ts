/**
 * Clients say everything that no honest client says, while others read. Each frame gets its due;
 * the relay, its readers and the slots of the hostile ones are none the worse.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave } from '../harness/dsl/words.ts'

const nonsense = { stimulus: 'hostile-frames', group: 'hostile' } as const

export default scenario({
  name: 'hostile-frames-harm-nobody',
  claim: 'Whatever a client says, it is answered, ignored or ended, and nobody else feels it.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { connectionsPerIpMax: 8, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 200, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    hostile: { count: 4, reads: 'fast' },
    probe: { count: 6, reads: 'fast', joins: 'later' },
  },
  phases: () => [
    { name: 'traffic', ms: 1_000 },
    { name: 'nonsense', ms: 4_000, stimuli: [nonsense] },
    { name: 'afterwards', ms: 700, prelude: [leave('hostile'), join('probe')] },
  ],
  expect: () => ({
    '2X-2': [
      { check: 'stays-alive' },
      { check: 'hostile-answered', limitMs: 2_000, framesMin: 50 },
      {
        check: 'newcomers-let-in',
        phase: 'nonsense',
        abortedMin: 0,
        probe: 'probe',
        afterwards: 'afterwards',
      },
    ],
    'M-1012': [{ check: 'hostile-answered', limitMs: 2_000, framesMin: 50 }],
  }),
})

/**
 * Clients say everything that no honest client says, while others read. Each frame gets its due;
 * the relay, its readers and the slots of the hostile ones are none the worse. What ends a whole
 * relay comes last, so that everything else is judged all the same.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, quiet } from '../harness/dsl/words.ts'

const say = (about: 'limits' | 'nonsense' | 'multi-byte') =>
  ({ stimulus: 'hostile-frames', group: 'hostile', about }) as const
const prelude = [leave('probe')] as const
const answered = { check: 'hostile-answered', limitMs: 2_000 } as const
/** Many clients join before and after: each slot that was kept lets one less in. */
const slots = (before: 'room' | 'nonsense', after: 'nonsense' | 'multi-byte') =>
  ({ check: 'new-clients-accepted', probe: 'probe', before, after }) as const

export default scenario({
  name: 'hostile-frames-are-contained',
  claim: 'Whatever a client says, it is answered, ignored or ended, and nobody else feels it.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { connectionsPerIpMax: 40, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 100, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    hostile: { count: 2, reads: 'fast', isDirect: true },
    probe: { count: 41, reads: 'fast', joins: 'later', isDirect: true },
  },
  phases: ({ connectionsPerIpMax }) => {
    const closing = [join('probe', connectionsPerIpMax + 1)]
    return [
      { name: 'traffic', ms: 1_000 },
      { name: 'room', ms: 200, ...quiet, closing },
      { name: 'limits', ms: 500, prelude, stimuli: [say('limits')] },
      { name: 'nonsense', ms: 1_000, stimuli: [say('nonsense')], closing },
      { name: 'multi-byte', ms: 1_000, prelude, stimuli: [say('multi-byte')], closing },
    ]
  },
  expect: () => ({
    'M-1012': [{ ...answered, about: 'limits' }],
    'own-5': [{ ...answered, about: 'nonsense' }, slots('room', 'nonsense')],
    '2X-2': [{ ...answered, about: 'multi-byte' }, slots('nonsense', 'multi-byte')],
  }),
})

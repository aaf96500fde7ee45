/**
 * Clients send frames that no honest client sends, while others read. Each frame must get its
 * expected reaction; the relay, the readers and the connection slots must not suffer. Frames that
 * can end a whole relay come last, so that the rest is still judged.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, quiet } from '../harness/dsl/words.ts'

const say = (about: 'limits' | 'nonsense' | 'multi-byte') =>
  ({ stimulus: 'hostile-frames', group: 'hostile', about }) as const
const prelude = [leave('probe')] as const
const answered = { check: 'hostile-answered', limitMs: 2_000 } as const
/** Clients fill all slots before and after: each slot that is not released admits one less. */
const slots = (before: 'room' | 'nonsense', after: 'nonsense' | 'multi-byte') =>
  ({ check: 'new-clients-accepted', probe: 'probe', before, after }) as const

export default scenario({
  name: 'hostile-frames-are-contained',
  claim: 'Any frame is answered, ignored or ends its sender, and no other client notices.',
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

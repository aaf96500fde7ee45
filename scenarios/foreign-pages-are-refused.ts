/**
 * Pages of another site connect, as a browser on the relay's machine or network would: once under
 * their own host name, which resolves to the relay (DNS rebinding), and once under the relay's.
 * They try to reset the replay buffer. Clients that read the stream must notice nothing.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave } from '../harness/dsl/words.ts'

const page = { count: 2, reads: 'fast', joins: 'later' } as const

export default scenario({
  name: 'foreign-pages-are-refused',
  claim: 'A page of another site cannot open a WebSocket, under any host name.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 2 },
  relay: { connectionsPerIpMax: 20, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 100, payloadBytes: 512, threads: 12 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    rebound: { ...page, claims: 'another-name' },
    foreign: { ...page, claims: 'another-origin' },
  },
  phases: () => [
    { name: 'traffic', ms: 1_000 },
    { name: 'rebound', ms: 1_000, prelude: [join('rebound')], stimuli: [resetBy('rebound')] },
    {
      name: 'foreign',
      ms: 1_000,
      prelude: [leave('rebound'), join('foreign')],
      stimuli: [resetBy('foreign')],
    },
    { name: 'after', ms: 500, prelude: [leave('foreign')] },
  ],
  expect: () => ({
    'own-7': [
      { check: 'foreign-pages-refused', pages: 'rebound', honest: 'readers' },
      { check: 'foreign-pages-refused', pages: 'foreign', honest: 'readers' },
    ],
  }),
})

function resetBy<const G extends string>(group: G) {
  return { stimulus: 'reset', group } as const
}

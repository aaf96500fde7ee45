/**
 * Slots are few. Some handshakes are broken off, some clients claim to come from elsewhere, others
 * vanish without a word while nothing is sent. None of it keeps the next one out, or lets more in.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, quiet } from '../harness/dsl/words.ts'

const aborts = { stimulus: 'abort-handshakes', group: 'hasty', each: 30 } as const
const vanishes = { fault: 'black-hole', hop: 'clients', group: 'vanishing' } as const
/** Margin for a busy machine; and what a relay without known pings gets to notice silence. */
const [marginMs, silenceMs] = [1_500, 15_000]
/** Clients that are there throughout. */
const others = 3
const silentFor = (limitMs: number) =>
  ({ phase: 'vanished', group: 'vanishing', limitMs }) as const

export default scenario({
  name: 'slots-come-back',
  claim: 'A client that is gone, or never quite came, gives its slot to the next one.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { connectionsPerIpMax: 8, pingIntervalMs: 1_000, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 200, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    hasty: { count: 1, reads: 'fast' },
    vanishing: { count: 5, reads: 'fast', joins: 'later' },
    probe: { count: 5, reads: 'fast', joins: 'later' },
    pretending: { count: 9, reads: 'fast', joins: 'later', claims: 'another-address' },
  },
  phases: ({ pingIntervalMs = silenceMs }) => [
    { name: 'broken-off', ms: 1_500, stimuli: [aborts] },
    { name: 'after-broken-off', ms: 700, prelude: [join('probe')] },
    { name: 'pretended', ms: 300, ...quiet, prelude: [leave('probe'), join('pretending')] },
    {
      name: 'vanished',
      ms: 2 * pingIntervalMs + 2 * marginMs,
      ...quiet,
      prelude: [leave('pretending'), join('vanishing')],
      faults: [vanishes],
    },
    { name: 'after-vanished', ms: 700, prelude: [join('probe')] },
  ],
  expect: ({ pingIntervalMs = silenceMs, connectionsPerIpMax: slots }) => ({
    'M-702': [{ check: 'limit-holds', group: 'pretending', letInMax: slots - others }],
    '2X-32': [
      {
        check: 'newcomers-let-in',
        phase: 'broken-off',
        abortedMin: 30,
        probe: 'probe',
        afterwards: 'after-broken-off',
      },
    ],
    '2X-16': [
      { check: 'closed-in-time', path: 'silence', ...silentFor(2 * pingIntervalMs + marginMs) },
      { check: 'slots-released', probe: 'probe', ...silentFor(1_000) },
    ],
  }),
})

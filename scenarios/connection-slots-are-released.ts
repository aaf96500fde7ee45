/**
 * More clients connect than the limit allows, which counts the free slots. Clients claim another
 * address, abort their handshakes, or vanish: afterwards as many slots must be free as before.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, quiet } from '../harness/dsl/words.ts'

const aborts = { stimulus: 'abort-handshakes', group: 'hasty', each: 30 } as const
const vanishes = { fault: 'black-hole', hop: 'clients', group: 'vanishing' } as const
/** A margin; and the ping interval assumed for a relay that does not report one. */
const [marginMs, silenceMs] = [1_500, 10_000]
const crowd = { reads: 'fast', joins: 'later', isDirect: true } as const

export default scenario({
  name: 'connection-slots-are-released',
  claim: 'A client that vanished or never finished its handshake gives its slot back.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { connectionsPerIpMax: 12, pingIntervalMs: 1_000, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 200, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    hasty: { count: 1, reads: 'fast', isDirect: true },
    vanishing: { count: 13, reads: 'fast', joins: 'later' },
    probe: { count: 13, ...crowd },
    pretending: { count: 13, ...crowd, claims: 'another-address' },
  },
  phases: ({ pingIntervalMs = silenceMs, connectionsPerIpMax }) => {
    const comes = <const G extends string>(group: G) => [join(group, connectionsPerIpMax + 1)]
    const free = <const N extends string, const G extends string>(name: N, group: G) =>
      ({ name, ms: 300, ...quiet, prelude: [leave(group)] }) as const
    return [
      { name: 'traffic', ms: 1_500 },
      { name: 'room', ms: 200, ...quiet, closing: comes('probe') },
      { ...free('without-claim', 'probe'), closing: comes('pretending') },
      { name: 'broken-off', ms: 2_000, prelude: [leave('pretending')], stimuli: [aborts] },
      { name: 'after-broken-off', ms: 200, ...quiet, closing: comes('probe') },
      free('free', 'probe'),
      {
        name: 'vanished',
        ms: 2 * pingIntervalMs + 2 * marginMs,
        ...quiet,
        prelude: comes('vanishing'),
        faults: [vanishes],
        closing: comes('probe'),
      },
    ]
  },
  expect: ({ pingIntervalMs = silenceMs }) => {
    const limitMs = 2 * pingIntervalMs + marginMs
    const gone = { group: 'vanishing', phase: 'vanished', probe: 'probe', limitMs } as const
    const slots = { probe: 'probe', before: 'room', after: 'after-broken-off' } as const
    return {
      'M-702': [{ check: 'limit-holds', honest: 'probe', pretending: 'pretending' }],
      '2X-32': [{ check: 'new-clients-accepted', ...slots, abortedMin: 30 }],
      '2X-16': [{ check: 'closed-in-time', path: 'silence', ...gone }],
      'M-1035': [{ check: 'clients-counted' }],
    }
  },
})

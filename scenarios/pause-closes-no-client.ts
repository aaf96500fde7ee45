/**
 * The relay is frozen for much longer than a client may be silent, as when its machine swaps or is
 * migrated. When it continues, the clients' answers are waiting in its sockets: none was silent.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const frozenMs = 4_000

export default scenario({
  name: 'pause-closes-no-client',
  claim: 'A relay that was frozen continues where it was, with all its clients.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: { pingIntervalMs: 1_000, sendTimeoutMs: 2_000, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 400, payloadBytes: 1_024, threads: 24 },
  fleet: { readers: { count: 6, reads: 'fast' } },
  phases: () => [
    { name: 'traffic', ms: 3_000 },
    { name: 'frozen', ms: frozenMs, faults: [{ fault: 'pause-relay' }] },
    { name: 'back', ms: 5_000 },
  ],
  expect: () => ({
    'own-3': [
      { check: 'clients-catch-up', groups: ['readers'], limitMs: 4_000, closesNobody: true },
    ],
  }),
})

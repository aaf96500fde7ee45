/**
 * The relay stands still and answers no scrape, as one that is down. The alert must page within its
 * time, and end when the relay answers again.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { shortMinutes } from '../harness/dsl/words.ts'

/** A scrape that fails, two evaluations, and a pause of a few more. */
const pausedMs = shortMinutes(1) + 8_000

export default scenario({
  name: 'alert-relay-down',
  claim: 'A relay that does not answer pages within its time, and the alert ends with the cause.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: { lagDisconnectRecords: 0, connectionsPerIpMax: 100 },
  needs: { monitoring: true },
  load: { recordsPerSecond: 100, payloadBytes: 512, threads: 12 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: () => [
    { name: 'traffic', ms: 5_000 },
    { name: 'down', ms: pausedMs, faults: [{ fault: 'pause-relay' }] },
    { name: 'back', ms: 10_000 },
  ],
  expect: () => ({
    'own-15': [
      { check: 'alert-stays-silent', receiver: 'page', phases: ['traffic'] },
      {
        check: 'alert-fires',
        alert: 'ServiceDown',
        phase: 'down',
        withinMs: shortMinutes(1) + 4_000,
        clearsWithinMs: 3_000,
        receiver: 'page',
        notifiedWithinMs: 6_000,
      },
    ],
  }),
})

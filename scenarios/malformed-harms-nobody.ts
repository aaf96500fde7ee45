/**
 * Every malformed kind there is, mixed into the load: each one is accounted for by the relay's
 * dead letters or by the reference client's refusals, and no valid record goes missing.
 */
import { scenario } from '../harness/dsl/scenario.ts'

export default scenario({
  name: 'malformed-harms-nobody',
  claim: 'Each malformed record is dead-lettered or refused with its reason; others are untouched.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { payloadBytesMax: 262_144, connectionsPerIpMax: 100, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 300, payloadBytes: 1_024, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    reference: { count: 1, reads: 'reference', resume: 'earliest' },
  },
  phases: () => [
    { name: 'traffic', ms: 2_000 },
    {
      name: 'malformed',
      ms: 10_000,
      stimuli: [{ stimulus: 'malformed', kinds: 'all', each: 10 }],
    },
    { name: 'afterwards', ms: 2_000 },
  ],
  expect: () => ({
    'own-1': [
      { check: 'malformed-accounted', group: 'reference', each: 10 },
      { check: 'exercised', recordsMin: 3_000, malformedMin: 200 },
    ],
    'M-740': [
      { check: 'malformed-accounted', group: 'reference', kinds: ['bad-patch-json'], each: 10 },
    ],
    'M-741': [
      { check: 'malformed-accounted', group: 'reference', kinds: ['big-integers'], each: 10 },
    ],
  }),
})

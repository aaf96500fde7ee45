/**
 * Records that are small, valid and as expensive as they can be made flow among others. A relay
 * that takes longer for them than for their bytes is late with everything: other records, and the
 * questions of whoever decides whether it lives.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const limitMs = 1_000
const expensive = ['jumping-batch'] as const

export default scenario({
  name: 'no-record-stops-the-relay',
  claim: 'No valid record keeps a relay from its other records, or from answering.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: { lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 200, payloadBytes: 1_024, threads: 24 },
  fleet: { readers: { count: 3, reads: 'fast' } },
  phases: () => [
    { name: 'traffic', ms: 3_000 },
    {
      name: 'expensive',
      ms: 8_000,
      stimuli: [{ stimulus: 'malformed', kinds: expensive, each: 16 }],
    },
    { name: 'afterwards', ms: 2_000 },
  ],
  expect: () => ({
    'own-6': [
      { check: 'answers-in-time', phase: 'expensive', before: 'traffic', limitMs, pollsMin: 4 },
      {
        check: 'delivered-in-time',
        groups: ['readers'],
        phases: ['expensive'],
        before: 'traffic',
        limitMs,
        deliveriesMin: 1_000,
      },
      { check: 'exercised', recordsMin: 1_000, malformedMin: 10 },
    ],
  }),
})

/**
 * Small, valid records that are as expensive to process as possible, among ordinary ones. A relay
 * that spends more time on them than their size justifies is late with everything: other records,
 * and the probes that decide whether it is alive.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const limitMs = 1_000
const expensive = ['jumping-batch'] as const

export default scenario({
  name: 'no-record-stops-the-relay',
  claim: 'No valid record delays other records or keeps the relay from answering.',
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

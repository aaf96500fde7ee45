/**
 * Two producers run overlapping transactions beside the load; many are aborted, one of them last
 * of all. Clients must get no aborted record and every other one. A relay with nothing left to
 * read must report that, although the log ends with records that no consumer may read.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { quiet } from '../harness/dsl/words.ts'

const healthStaleMs = 2_000

export default scenario({
  name: 'aborted-records-are-not-delivered',
  claim: 'Clients get no record of an aborted transaction, and the relay moves past it.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    healthStaleMs,
    lagIntervalMs: 1_000,
    commitIntervalMs: 500,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 300, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    reference: { count: 1, reads: 'reference', resume: 'earliest' },
  },
  phases: ({ lagIntervalMs: every }) => [
    { name: 'traffic', ms: 1_000 },
    { name: 'transactions', ms: 8_000, stimuli: [{ stimulus: 'transactions', each: 20 }] },
    { name: 'afterwards', ms: 1_000 },
    { name: 'last', ms: 2_000, ...quiet, stimuli: [{ stimulus: 'transactions', each: 3 }] },
    { name: 'silence', ms: healthStaleMs + 2_000 + 2 * every, ...quiet },
  ],
  expect: () => ({
    'own-8': [
      { check: 'stream', rules: ['unexpected', 'lost', 'skip'] },
      { check: 'idle-is-healthy', phase: 'silence' },
      { check: 'exercised', recordsMin: 1_500, abortedMin: 50 },
    ],
  }),
})

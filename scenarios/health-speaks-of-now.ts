/**
 * Clients too slow for the stream make the relay drop records for them; then the trouble ends, and
 * later the stream itself falls silent. /health must follow, and forget.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { quiet } from '../harness/dsl/words.ts'

const slackMs = 3_000

export default scenario({
  name: 'health-speaks-of-now',
  claim: 'A warning is there during trouble and gone after it; ages are told, and "never" is too.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: {
    healthWindowMs: 6_000,
    healthStaleMs: 4_000,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    ringRecordsMax: 256,
    clientWriteBytesMax: 16_384,
    connectionsPerIpMax: 100,
    // The proof that a link is slow asks for more answers than a client otherwise may.
    clientFramesPerSecondMax: 0,
  },
  load: { recordsPerSecond: 400, payloadBytes: 8_192, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    laggards: { count: 4, reads: 'fast' },
  },
  phases: ({ healthWindowMs }) => [
    { name: 'traffic', ms: 3_000 },
    {
      name: 'trouble',
      ms: 6_000,
      faults: [
        { fault: 'bandwidth', hop: 'clients', group: 'laggards', kilobytesPerSecond: 256 },
      ],
    },
    { name: 'calm', ms: healthWindowMs + slackMs, load: { recordsPerSecond: 50 } },
    { name: 'silence', ms: 6_000, ...quiet },
  ],
  expect: ({ healthWindowMs }) => ({
    'M-1041': [
      {
        check: 'warning-is-recent',
        trouble: 'droppedTotal',
        phase: 'trouble',
        windowMs: healthWindowMs,
        slackMs,
      },
    ],
    'M-1042': [
      { check: 'ages-exported', traffic: 'traffic', silence: 'silence' },
      { check: 'idle-is-not-broken', phase: 'silence' },
    ],
  }),
})

/**
 * Slow clients make the relay drop records; then Redis hangs, and records arrive without a value.
 * Later all faults end, and at last the stream itself is silent. /health must warn of each problem
 * and drop the warning once it is over.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { quiet } from '../harness/dsl/words.ts'
import type { SignalName } from '../harness/history/signals.ts'

const slackMs = 3_000
const slow = { fault: 'bandwidth', group: 'laggards', kilobytesPerSecond: 256 } as const
const warned = <P extends string>(trouble: SignalName, phase: P, alert: string, above = 0) =>
  ({ check: 'alert-clears', trouble, phase, alert, above, slackMs }) as const

export default scenario({
  name: 'health-reflects-current-state',
  claim: 'Warnings appear with their problem and clear after it; ages are exported, "never" too.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: {
    healthWindowMs: 6_000,
    healthStaleMs: 4_000,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    ringRecordsMax: 768,
    clientWriteBytesMax: 16_384,
    redisQueueBytesMax: 524_288,
    connectionsPerIpMax: 100,
    // The proof that a link is slow sends more pings than clients may by default.
    clientFramesPerSecondMax: 0,
  },
  load: { recordsPerSecond: 400, payloadBytes: 8_192, threads: 24 },
  fleet: { readers: { count: 2, reads: 'fast' }, laggards: { count: 4, reads: 'fast' } },
  phases: ({ healthWindowMs }) => [
    { name: 'traffic', ms: 3_000 },
    { name: 'trouble', ms: 6_000, faults: [{ ...slow, hop: 'clients' }] },
    {
      name: 'hung',
      ms: 5_000,
      load: { recordsPerSecond: 100 },
      faults: [{ fault: 'black-hole', hop: 'redis' }],
      stimuli: [{ stimulus: 'malformed', kinds: ['tombstone'], each: 10 }],
    },
    { name: 'calm', ms: healthWindowMs + slackMs + 1_000, load: { recordsPerSecond: 50 } },
    { name: 'silence', ms: 6_000, ...quiet },
  ],
  expect: ({ healthWindowMs: windowMs }) => ({
    'M-1041': [
      { ...warned('droppedTotal', 'trouble', 'dropped due to slow clients', 10), windowMs },
      { ...warned('redisWriteDropped', 'hung', 'Replay buffer dropped'), windowMs },
      { ...warned('redisWriteFailures', 'hung', 'Redis write failures'), windowMs },
      { ...warned('payloadMissing', 'hung', 'missing payloads'), windowMs },
    ],
    'M-1042': [
      { check: 'ages-match', traffic: 'traffic', silence: 'silence' },
      { check: 'idle-is-healthy', phase: 'silence' },
    ],
  }),
})

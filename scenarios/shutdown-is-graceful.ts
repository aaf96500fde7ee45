/**
 * The relay is asked to stop four times, under load and with open clients; each time it is started
 * again and the clients reconnect.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { retainsAll } from '../harness/dsl/words.ts'

const stopped = { ms: 500, faults: [{ fault: 'restart-relay' }] } as const
const between = { ms: 2_000 } as const
/** What a relay may take to exit: orchestrators wait for 30 s before they kill. */
const limitMs = 15_000

export default scenario({
  name: 'shutdown-is-graceful',
  claim: 'A relay that is asked to stop exits in time with success and notifies its clients.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    resumeGraceMs: 2_000,
    commitIntervalMs: 500,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    ...retainsAll,
    lagDisconnectRecords: 0,
    // A relay may finish its current lag poll before it exits: keep that short.
    lagIntervalMs: 1_000,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 400, payloadBytes: 1_024, threads: 24 },
  fleet: { returning: { count: 6, reads: 'fast', reconnects: true } },
  phases: () => [
    { name: 'traffic', ms: 2_000 },
    { name: 'first', ...stopped },
    { name: 'after-first', ...between },
    { name: 'second', ...stopped },
    { name: 'after-second', ...between },
    { name: 'third', ...stopped },
    { name: 'after-third', ...between },
    { name: 'fourth', ...stopped },
    { name: 'after-fourth', ms: 3_000 },
  ],
  expect: () => ({
    'v35-8': [{ check: 'shutdown-completes', limitMs, groups: ['returning'], timesMin: 4 }],
  }),
})

/**
 * The link to Kafka bounces, and later is down for minutes of the short rules. A bounce must page
 * nobody. An outage must page once, and its lower tiers must notify nobody meanwhile.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { shortMinutes } from '../harness/dsl/words.ts'

const cut = { fault: 'cut', hop: 'kafka' } as const
/** Windows of the rules: errors count for five minutes, and must go on for two. */
const [countedMs, lastingMs] = [shortMinutes(5), shortMinutes(2)]
const critical = 'KafkaInfraErrorsCritical'

export default scenario({
  name: 'alert-kafka-errors',
  claim: 'A bounce of Kafka does not page; an outage pages once, and the alert ends with it.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    kafkaRequestTimeoutMs: 3_000,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    lagIntervalMs: 1_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  needs: { monitoring: true },
  load: { recordsPerSecond: 100, payloadBytes: 512, threads: 12 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: () => [
    { name: 'traffic', ms: 4_000 },
    { name: 'bounce', ms: 1_000, faults: [cut] },
    { name: 'calm', ms: countedMs + lastingMs + 5_000 },
    { name: 'outage', ms: countedMs + lastingMs + 10_000, faults: [cut] },
    { name: 'back', ms: countedMs + 10_000 },
  ],
  expect: () => ({
    'M-643': [{ check: 'alert-stays-silent', receiver: 'page', phases: ['bounce', 'calm'] }],
    'v8-A': [
      {
        check: 'alert-fires',
        alert: critical,
        phase: 'outage',
        withinMs: countedMs + lastingMs + 5_000,
        clearsWithinMs: countedMs,
        receiver: 'page',
      },
      { check: 'alert-inhibited', alert: 'KafkaInfraErrorsHigh', by: critical, phase: 'outage' },
    ],
  }),
})

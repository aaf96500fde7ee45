/**
 * The relay is cut off from Kafka while producers keep writing. Afterwards it must catch up by
 * itself: clients miss nothing, and /health drops the outage after its window.
 */
import { kafkaDefaults } from '../harness/checkers/reading/allowances.ts'
import { scenario } from '../harness/dsl/scenario.ts'

/** Kafka keeps a member's place for the session timeout; then it must join its group again. */
const backMsFor = (sessionTimeoutMs = kafkaDefaults.sessionTimeoutMs) => sessionTimeoutMs + 4_000
/** What a relay may take to report that no record has come for longer than normal. */
const detectedMs = 3_000

export default scenario({
  name: 'recovers-from-kafka-outage',
  claim: 'After a Kafka outage no record is missing and /health is healthy again.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    kafkaRequestTimeoutMs: 3_000,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    lagIntervalMs: 1_000,
    healthWindowMs: 6_000,
    healthStaleMs: 4_000,
    lagDisconnectRecords: 0,
  },
  load: { recordsPerSecond: 300, payloadBytes: 512, threads: 24 },
  fleet: { readers: { count: 3, reads: 'fast' } },
  phases: ({ healthWindowMs, healthStaleMs, kafkaSessionTimeoutMs: sessionMs }) => [
    { name: 'traffic', ms: 3_000 },
    {
      name: 'cut',
      ms: healthStaleMs + detectedMs + 1_000,
      faults: [{ fault: 'cut', hop: 'kafka' }],
    },
    { name: 'back', ms: backMsFor(sessionMs) + healthWindowMs + 2_000 },
  ],
  expect: ({ healthWindowMs: windowMs, healthStaleMs, kafkaSessionTimeoutMs: sessionMs }) => {
    const limitMs = backMsFor(sessionMs)
    return {
      'own-2': [
        { check: 'clients-catch-up', groups: ['readers'], limitMs },
        { check: 'health-recovers', asks: 'false-alarms' },
        { check: 'health-recovers', asks: 'detection', limitMs: healthStaleMs + detectedMs },
        { check: 'health-recovers', asks: 'recovery', limitMs, windowMs },
      ],
    }
  },
})

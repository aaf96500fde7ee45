/**
 * The relay is cut off from Kafka while records go on to be written there. Afterwards it catches up
 * by itself, and neither its clients nor its health remember the outage for long.
 */
import { sessionTimeoutMsDefault } from '../harness/checkers/stream/limits.ts'
import { scenario } from '../harness/dsl/scenario.ts'

/** Kafka gives a member so long to be back; then it joins its group anew. */
const backMsFor = (sessionTimeoutMs = sessionTimeoutMsDefault) => sessionTimeoutMs + 4_000
/** What a relay may take to tell that no record has come for longer than it holds for normal. */
const detectedMs = 3_000

export default scenario({
  name: 'recovers-from-kafka-outage',
  claim: 'After an outage of Kafka nothing is missing, and nothing is called broken any more.',
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

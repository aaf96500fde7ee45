/**
 * Every malformed kind, mixed into the load: each record must be accounted for by a dead letter of
 * the relay or by a refusal of the reference client, and no valid record may go missing.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const each = 10
/** For clients that read invalid JSON as text, and for clients that round integers. */
const textKinds = ['bad-patch-json', 'bad-patch-utf8'] as const
const numberKinds = ['big-integers'] as const
const ofClients = {
  check: 'malformed-accounted',
  judges: 'client',
  group: 'reference',
  each,
} as const

export default scenario({
  name: 'malformed-records-are-contained',
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
      stimuli: [{ stimulus: 'malformed', kinds: 'all', each }],
    },
    { name: 'afterwards', ms: 2_000 },
  ],
  expect: () => ({
    'own-1': [
      { check: 'malformed-accounted', judges: 'relay', group: 'reference', each },
      { check: 'exercised', recordsMin: 3_000, malformedMin: 200 },
    ],
    'M-740': [{ ...ofClients, kinds: textKinds }],
    'M-741': [{ ...ofClients, kinds: numberKinds, isOfLoad: true }],
    'own-4': [{ ...ofClients, exceptKinds: [...textKinds, ...numberKinds] }],
  }),
})

/**
 * On a slow link to Kafka the relay falls thousands of records behind and catches up: before,
 * during and after a rival consumer takes partitions. Then malformed records pause partitions for
 * good. The lag gauge is compared with the harness's own count throughout.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { quiet } from '../harness/dsl/words.ts'

const burst = { stimulus: 'burst', records: 18_000 } as const
/** Answers to polls and heartbeats get through at once, records hardly at all. */
const trickle = { fault: 'bandwidth', hop: 'kafka', kilobytesPerSecond: 16 } as const
/** Less than what is produced, and enough for a consumer to send its heartbeats in time. */
const narrow = { fault: 'bandwidth', hop: 'kafka', kilobytesPerSecond: 150 } as const

const more = { recordsPerSecond: 2_000 }
const rival = { fault: 'rebalance', rivals: 1 } as const
const poison = { stimulus: 'malformed', kinds: ['garbage'], each: 6 } as const

export default scenario({
  name: 'lag-gauge-is-correct',
  claim: 'The lag gauge follows the real lag, across rebalances too, and shows a stuck consumer.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 6 },
  relay: {
    lagIntervalMs: 1_000,
    lagPollTimeoutMs: 2_000,
    lagStaleMs: 2_000,
    commitIntervalMs: 500,
    inflightBytesMax: 1_048_576,
    ringRecordsMax: 65_536,
    lagDisconnectRecords: 0,
    kafkaOnDecodeError: 'pause',
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 300, payloadBytes: 256, threads: 48 },
  fleet: { readers: { count: 2, reads: 'fast' } },
  phases: ({ lagIntervalMs: every }) => {
    const behindMs = 2_000 + 3 * every
    return [
      { name: 'traffic', ms: 1_000 + every },
      { name: 'behind', ms: behindMs, ...quiet, faults: [trickle], stimuli: [burst] },
      { name: 'caught-up', ms: 2 * every },
      { name: 'rebalance', ms: 5 * every, load: more, faults: [narrow, rival] },
      { name: 'reassigned', ms: 4 * every },
      { name: 'behind-again', ms: behindMs, ...quiet, faults: [trickle], stimuli: [burst] },
      { name: 'stuck', ms: 7 * every, stimuli: [poison] },
    ]
  },
  expect: ({ lagIntervalMs: intervalMs }) => {
    const truth = { check: 'lag-truth', intervalMs } as const
    const behind = ['behind', 'rebalance', 'behind-again'] as const
    const phases = ['traffic', 'caught-up', 'reassigned', ...behind] as const
    const stuck = { about: 'stuck', phases: ['stuck'], behind: ['stuck'] } as const
    return {
      'v8-L3': [{ ...truth, about: 'lag', phases, behind }],
      '2X-33': [{ ...truth, about: 'revoked', phases: ['rebalance', 'reassigned'] }],
      'M-481': [{ ...truth, ...stuck, behindRecordsMin: 20 }],
    }
  },
})

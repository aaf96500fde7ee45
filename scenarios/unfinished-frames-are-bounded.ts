/**
 * Many clients begin a message and hold back its last byte. They look like slow clients, and each
 * message alone is within its limit; only the sum over all clients is too much.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const mebibyte = 1_024 * 1_024
const partialFramesBytesMax = 16 * mebibyte
const holders = 400
/** Two reads for each client: some of the bytes belong to clients that the relay closed. */
const readBytes = 2 * 65_536

export default scenario({
  name: 'unfinished-frames-are-bounded',
  claim: "Clients that do not finish their messages do not fill the relay's memory.",
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    partialFramesBytesMax,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 500,
  },
  load: { recordsPerSecond: 40, payloadBytes: 512, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    holders: { count: holders, reads: 'fast', isDirect: true },
  },
  phases: () => [
    { name: 'calm', ms: 3_000 },
    { name: 'held', ms: 6_000, stimuli: [{ stimulus: 'hold-back', group: 'holders' }] },
  ],
  expect: () => {
    const budgetBytes = partialFramesBytesMax + holders * readBytes
    const during = { calm: 'calm', phases: ['held'], holders: 'holders' } as const
    return { 'own-13': [{ check: 'memory-bounded', ...during, budgetBytes }] }
  },
})

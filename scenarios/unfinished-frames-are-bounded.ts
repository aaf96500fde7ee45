/**
 * Many clients begin a message and hold its last byte back. Nobody can tell them from clients that
 * are slow, and each single message is as large as it may be; only what all of them hold together
 * can be too much.
 */
import { scenario } from '../harness/dsl/scenario.ts'

const mebibyte = 1_024 * 1_024
const partialFramesBytesMax = 16 * mebibyte
const holders = 400
/** What a relay reads at a time, twice for each of them: some of it is of clients that it ended. */
const readBytes = 2 * 65_536

export default scenario({
  name: 'unfinished-frames-are-bounded',
  claim: 'Clients that do not end their messages do not fill the memory of the relay.',
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

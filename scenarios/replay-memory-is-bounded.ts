/**
 * Clients ask for all that is retained, and take next to nothing of it. A relay reads ahead for
 * each of them, at least the record that it is sending: few of those are to be held at once. The
 * large records are through by then, so that their garbage is none of it; one client that asks for
 * the same and reads it at once is the base.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join } from '../harness/dsl/words.ts'

const mebibyte = 1_024 * 1_024
const large = { recordsPerSecond: 2, payloadBytes: 8 * mebibyte } as const
/** All of them, so that nobody is behind it. */
const ringBytesMax = 64 * mebibyte
const replayMemoryBytesMax = 16 * mebibyte
/** Room for two of these records, each as it was read and as it is sent. */
const replayPagesBytesMax = 4 * large.payloadBytes

const late = { resume: 'earliest', joins: 'later', isDirect: true } as const
/** Next to nothing of one record in all of the time. */
const bytesPerSecond = 100_000
const gone = { stimulus: 'disconnect', group: 'askers', how: 'reset' } as const

export default scenario({
  name: 'replay-memory-is-bounded',
  claim: 'Clients that ask for replays and take nothing do not fill the memory of the relay.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    ringBytesMax,
    redisQueueBytesMax: ringBytesMax,
    redisTimeoutMs: 10_000,
    replayMemoryBytesMax,
    replayPagesBytesMax,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 20, payloadBytes: 1_024, threads: 24 },
  fleet: {
    readers: { count: 1, reads: 'fast' },
    quick: { count: 1, reads: 'fast', ...late },
    askers: { count: 40, reads: 'slow', bytesPerSecond, ...late },
  },
  phases: ({ replayTimeoutMs: awaitsReplaysMs }) => [
    { name: 'filled', ms: 3_500, load: large },
    { name: 'through', ms: 1_500 },
    { name: 'calm', ms: 1_000, awaitsReplaysMs, stimuli: [join('quick')] },
    { name: 'asked', ms: 12_000, stimuli: [join('askers')] },
    { name: 'gone', ms: 500, stimuli: [gone] },
  ],
  expect: () => {
    const budgetBytes = replayPagesBytesMax + replayMemoryBytesMax
    const during = { calm: 'calm', phases: ['asked'], askers: 'askers' } as const
    return { 'own-9': [{ check: 'memory-bounded', ...during, budgetBytes }] }
  },
})

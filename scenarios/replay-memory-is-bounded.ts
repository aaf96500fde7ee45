/**
 * Clients ask for everything that is retained and read next to none of it. A relay reads ahead for
 * each of them, at least the record that it is sending: it may hold only few of those at once. The
 * large records have passed by then, so that their garbage does not count; the baseline is one
 * client that asks for the same and reads it at once.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join } from '../harness/dsl/words.ts'

const mebibyte = 1_024 * 1_024
const large = { recordsPerSecond: 2, payloadBytes: 8 * mebibyte } as const
/** Holds all records, so that no client falls out of it. */
const ringBytesMax = 64 * mebibyte
const replayMemoryBytesMax = 16 * mebibyte
/** Two of these records, each once as read and once as sent. */
const replayPagesBytesMax = 4 * large.payloadBytes

const late = { resume: 'earliest', joins: 'later', isDirect: true } as const
/** In all of the time a small part of one record. */
const bytesPerSecond = 100_000
const gone = { stimulus: 'disconnect', group: 'askers', how: 'reset' } as const

export default scenario({
  name: 'replay-memory-is-bounded',
  claim: "Clients that request replays and do not read them do not fill the relay's memory.",
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

/**
 * Clients that read slowly ask for more than they can read within the replay timeout. Each single
 * write succeeds, so that only the deadline of the whole replay can end it.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, quiet, retainsAll } from '../harness/dsl/words.ts'

/** Too slow for the whole replay, fast enough for each of its writes. */
const bytesPerSecond = 2_000_000
/** The client first reads what buffers between hold, some 20 MB; only then it sees the end. */
const drainMs = 10_000

export default scenario({
  name: 'replays-end-in-time',
  claim: 'The replay deadline also covers sending, however slowly the client reads.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    replayTimeoutMs: 10_000,
    sendTimeoutMs: 20_000,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 400, payloadBytes: 16_384, threads: 24 },
  fleet: {
    readers: { count: 1, reads: 'fast' },
    slow: { count: 2, reads: 'slow', bytesPerSecond, resume: 'earliest', joins: 'later' },
    quick: { count: 2, reads: 'fast', reconnects: true },
  },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 7_000 },
    { name: 'cut', ms: 1_500, faults: [{ fault: 'cut', hop: 'clients', group: 'quick' }] },
    { name: 'calm', ms: 2_500, awaitsReplaysMs: replayTimeoutMs, ...quiet },
    {
      name: 'replay',
      ms: 1_000,
      awaitsReplaysMs: replayTimeoutMs + drainMs + 1_000,
      ...quiet,
      stimuli: [join('slow')],
    },
  ],
  expect: ({ replayTimeoutMs }) => ({
    'M-809': [
      {
        check: 'replays-ended',
        groups: ['slow'],
        quick: ['quick'],
        timeoutMs: replayTimeoutMs,
        limitMs: replayTimeoutMs + drainMs,
      },
    ],
  }),
})

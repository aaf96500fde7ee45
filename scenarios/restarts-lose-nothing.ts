/**
 * The relay is asked to stop, and later killed, in the middle of the load; its clients come back
 * with their cursors. In the end nothing is sent, so that what is committed has one right answer.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, quiet, retainsAll } from '../harness/dsl/words.ts'

const commitIntervalMs = 500

export default scenario({
  name: 'restarts-lose-nothing',
  claim: 'Whether a relay is stopped or killed, clients that come back get all, and no false gap.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    resumeGraceMs: 2_000,
    replayTimeoutMs: 10_000,
    commitIntervalMs,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    ...retainsAll,
    lagDisconnectRecords: 0,
    // Whoever polls its lag seldom may take as long to end.
    lagIntervalMs: 1_000,
    connectionsPerIpMax: 100,
  },
  // So few that whoever comes back needs no second page: what pages skip is another finding.
  load: { recordsPerSecond: 200, payloadBytes: 1_024, threads: 24 },
  fleet: { returning: { count: 4, reads: 'fast', reconnects: true }, late: latecomers(2) },
  phases: ({ replayTimeoutMs, commitIntervalMs: every = 5_000 }) => [
    { name: 'traffic', ms: 3_000 },
    { name: 'stopped', ms: 500, faults: [{ fault: 'restart-relay' }] },
    { name: 'between', ms: 3_000 },
    { name: 'killed', ms: 500, faults: [{ fault: 'kill-relay' }] },
    { name: 'back', ms: 3_000 },
    {
      name: 'joined',
      ms: 1_500,
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      stimuli: [join('late')],
    },
    { name: 'quiet', ms: 4_000 + 2 * every, ...quiet },
  ],
  expect: ({ commitIntervalMs: every = 5_000 }) => {
    const groups = ['returning'] as const
    const committed = { phase: 'quiet', commitIntervalMs: every } as const
    const commits = { check: 'commits-next-offset', ...committed } as const
    return {
      'M-414': [{ ...commits, asks: 'behind' }],
      'M-1114': [
        { check: 'stream', groups, rules: ['gap-needless', 'lost', 'skip'] },
        { ...commits, asks: 'ahead' },
      ],
    }
  },
})

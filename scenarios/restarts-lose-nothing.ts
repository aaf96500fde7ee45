/**
 * The relay is stopped, and later killed, under load; its clients reconnect with their cursors. At
 * the end nothing is produced, so that the committed offsets have exactly one right value.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, quiet, retainsAll } from '../harness/dsl/words.ts'

const commitIntervalMs = 500

export default scenario({
  name: 'restarts-lose-nothing',
  claim: 'After a stop or a kill, reconnecting clients get every record and no false gap.',
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
    // A relay may finish its current lag poll before it exits: keep that short.
    lagIntervalMs: 1_000,
    connectionsPerIpMax: 100,
  },
  // Few enough that no replay needs a second page: records skipped by paging are another finding.
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

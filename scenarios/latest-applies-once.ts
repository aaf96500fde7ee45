/**
 * A relay configured to start at the newest records starts on a quiet topic and stops without
 * having read one. Records produced while it is away are the first that it must read after the
 * restart: its position was decided by the first start.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, quiet, retainsAll } from '../harness/dsl/words.ts'

const burst = { stimulus: 'burst', records: 600 } as const

export default scenario({
  name: 'latest-applies-once',
  claim: 'A relay starts at the newest records only the first time: a restart skips nothing.',
  suites: ['nightly'],
  topic: { partitions: 3 },
  relay: {
    kafkaAutoOffsetReset: 'latest',
    replayTimeoutMs: 10_000,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
    commitIntervalMs: 500,
    ...retainsAll,
    lagIntervalMs: 1_000,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 0, payloadBytes: 512, threads: 24 },
  fleet: { readers: { count: 1, reads: 'fast', reconnects: true }, late: latecomers(2) },
  phases: ({ replayTimeoutMs, commitIntervalMs = 5_000 }) => [
    { name: 'silence', ms: 2_000 + 2 * commitIntervalMs, ...quiet },
    { name: 'away', ms: 1_000, ...quiet, faults: [{ fault: 'restart-relay' }], stimuli: [burst] },
    { name: 'back', ms: 3_000, load: { recordsPerSecond: 300 } },
    {
      name: 'replayed',
      ms: 1_500,
      load: { recordsPerSecond: 300 },
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      stimuli: [join('late')],
    },
  ],
  expect: ({ replayTimeoutMs, replayRecordsMax: recordsMax }) => {
    const late = { groups: ['late'], replaysMin: 2, recordsMin: 2_000, recordsMax } as const
    const limitMs = answerLimitMs(replayTimeoutMs)
    const all = { sincePhase: 'away', isRetained: true, passedToo: true, holdsOnly: true } as const
    return { 'own-11': [{ check: 'replays-answered', ...late, limitMs, ...all }] }
  },
})

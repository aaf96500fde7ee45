/**
 * Another Redis takes over the address, as behind a load balancer: open connections stay with the
 * old server, which is now a read-only replica and still answers. A relay that does not reconnect
 * stores nothing more, although nothing looks broken; clients that join late find out.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { answerLimitMs, join, latecomers, retainsAll } from '../harness/dsl/words.ts'

const failsOver = { fault: 'failover', hop: 'redis' } as const

export default scenario({
  name: 'redis-fails-over',
  claim: 'When another Redis takes over the address, new records are soon replayable again.',
  suites: ['nightly'],
  topic: { partitions: 2 },
  relay: {
    resumeGraceMs: 2_000,
    replayTimeoutMs: 10_000,
    replayMemoryRecordsMax: 200,
    ...retainsAll,
    lagDisconnectRecords: 0,
    connectionsPerIpMax: 100,
  },
  load: { recordsPerSecond: 500, payloadBytes: 1_024, threads: 24 },
  fleet: { readers: { count: 3, reads: 'fast' }, late: latecomers(2) },
  phases: ({ replayTimeoutMs }) => [
    { name: 'traffic', ms: 3_000 },
    // A relay may take some seconds to find the new one; everything after that must be replayed.
    { name: 'failed-over', ms: 10_000, faults: [failsOver] },
    // The old one is gone: a relay that has only read from it gets time to find the new one.
    { name: 'alone', ms: 6_000 },
    {
      name: 'replayed',
      ms: 1_500,
      awaitsReplaysMs: answerLimitMs(replayTimeoutMs),
      stimuli: [join('late')],
    },
  ],
  expect: ({ replayTimeoutMs, replayRecordsMax: recordsMax }) => {
    const limitMs = answerLimitMs(replayTimeoutMs)
    const late = { groups: ['late'], limitMs, replaysMin: 2, recordsMin: 6_000 } as const
    const since = { sinceOutage: true, isRetained: true, recordsMax } as const
    const phases = ['failed-over', 'alone'] as const
    const least = { limitMs: 2_000, deliveriesMin: 18_000 } as const
    const live = { groups: ['readers'], phases, before: 'traffic', ...least } as const
    return {
      'own-12': [{ check: 'replays-answered', ...late, ...since }],
      '2X-6': [{ check: 'delivered-in-time', ...live }],
      'own-2': [{ check: 'health-recovers', asks: 'false-alarms' }],
    }
  },
})

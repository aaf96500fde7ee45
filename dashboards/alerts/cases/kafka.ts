/** Cases of the rules about Kafka and the records that come from it. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import {
  countCases,
  fires,
  firesAt,
  gaugeCases,
  given,
  line,
  onsetMs,
  quietAt,
  stepMs,
  type RuleCase,
  wholeMs,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { kafka as rules } from '../rules/kafka.ts'

const { infraErrors, lastRecordAge, uptime, breakerStalled, consumerLag, lagOffsetAge } = metricRows
const { rebalances, logRegressions, commitFailures } = metricRows

const trueMs = onsetMs + stepMs
const partition = { partition: 3 } as const
const ofPartition = { partition: '3' } as const
const runs = given(uptime, line(0).climbs(wholeMs / 1_000, wholeMs))

/** Errors of a connection: a step of the series each 15 s. */
const errors = (perStep: number, lastsMs: number) =>
  given(
    infraErrors,
    line(40)
      .stays(onsetMs)
      .climbs(perStep * (lastsMs / stepMs), lastsMs)
      .stays(minutes(20)),
  )
const bounce = {
  says: 'is quiet when a broker bounces, however many errors that leaves',
  series: [errors(30, stepMs)],
  looks: [1, 2, 3, 4, 5, 6].map((at) => quietAt(trueMs + minutes(at))),
} as const
const lifetime = {
  says: 'is quiet however many errors there once were',
  series: [given(infraErrors, line(100_000).stays(wholeMs))],
  looks: [quietAt(minutes(20))],
} as const
const without = {
  says: 'is quiet without the series',
  series: [],
  looks: [quietAt(minutes(10))],
} as const

/** A partition with records that wait, and the time since one was handled. */
const waits = (records: Parameters<typeof given>[1], ageSeconds?: Parameters<typeof given>[1]) => [
  runs,
  given(consumerLag, records, partition),
  ...(ageSeconds === undefined ? [] : [given(lagOffsetAge, ageSeconds, partition)]),
]
/** The age grows by a second each second while nothing is handled. */
const stuckFor = (ms: number) =>
  line(0)
    .stays(onsetMs)
    .climbs(ms / 1_000, ms)
    .jumps(0)
    .stays(minutes(10))

const idle = {
  says: 'is quiet on an idle topic, whatever the age',
  series: waits(line(0).stays(wholeMs), line(0).climbs(wholeMs / 1_000, wholeMs)),
  looks: [quietAt(minutes(10)), quietAt(minutes(20)), quietAt(minutes(25))],
}
const revoked = {
  says: 'is quiet when the partition is revoked',
  series: [runs],
  looks: [quietAt(minutes(20))],
}
const busy = {
  says: 'is quiet while a backlog is read',
  series: waits(line(90_000).stays(wholeMs), line(0).stays(wholeMs)),
  looks: [quietAt(minutes(20))],
}

export const kafka = {
  KafkaInfraErrorsCritical: [
    {
      says: 'fires in an outage, within five minutes, and resolves after it',
      series: [errors(1, minutes(6))],
      looks: [
        quietAt(onsetMs),
        // Ten errors are there after 150 s; then they must go on for two minutes.
        quietAt(onsetMs + minutes(4) + stepMs),
        firesAt(onsetMs + minutes(4) + 2 * stepMs, fires('18')),
        firesAt(onsetMs + minutes(6), fires('20')),
        quietAt(onsetMs + minutes(7) + stepMs),
      ],
    },
    {
      says: 'is quiet at nine errors',
      series: [given(infraErrors, line(0).stays(onsetMs).climbs(9, minutes(9)).stays(minutes(9)))],
      looks: [quietAt(onsetMs + minutes(5)), quietAt(onsetMs + minutes(9))],
    },
    bounce,
    lifetime,
    without,
  ],
  KafkaInfraErrorsHigh: [
    {
      says: 'fires when errors go on, and resolves after them',
      series: [
        given(infraErrors, line(40).stays(onsetMs).climbs(10, minutes(5)).stays(minutes(20))),
      ],
      looks: [
        quietAt(onsetMs + minutes(4) + stepMs),
        firesAt(onsetMs + minutes(4) + 2 * stepMs, fires('9')),
        quietAt(onsetMs + minutes(6) + stepMs),
      ],
    },
    {
      says: 'is quiet at fewer',
      series: [given(infraErrors, line(0).stays(onsetMs).climbs(8, minutes(10)).stays(minutes(9)))],
      looks: [quietAt(onsetMs + minutes(5)), quietAt(onsetMs + minutes(9))],
    },
    bounce,
    lifetime,
    without,
  ],
  KafkaInfraErrorsDetected: countCases({
    row: infraErrors,
    windowMs: minutes(5),
    forMs: minutes(2),
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  StreamStalled: [
    ...gaugeCases({
      row: breakerStalled,
      forMs: minutes(1),
      good: 0,
      bad: 61,
      limit: 60,
      shows: '1m 1s',
    }),
  ],
  StreamNeverReceived: [
    {
      says: 'fires when nothing came since the start, and resolves with the first record',
      series: [runs, given(lastRecordAge, line(-1).stays(onsetMs).jumps(0).stays(minutes(20)))],
      looks: [
        // It has run for more than a minute at 75 s.
        quietAt(minutes(2)),
        firesAt(minutes(2) + stepMs, fires('-1')),
        quietAt(trueMs),
      ],
    },
    {
      says: 'fires when records wait',
      series: [...waits(line(5).stays(onsetMs)), given(lastRecordAge, line(-1).stays(onsetMs))],
      looks: [firesAt(minutes(5), fires('-1'))],
    },
    {
      says: 'is quiet on an idle topic after a restart',
      series: [...waits(line(0).stays(onsetMs)), given(lastRecordAge, line(-1).stays(onsetMs))],
      looks: [quietAt(minutes(5)), quietAt(minutes(15))],
    },
    {
      says: 'is quiet when records come',
      series: [runs, given(lastRecordAge, line(0).stays(onsetMs))],
      looks: [quietAt(minutes(5))],
    },
    {
      says: 'gives a relay time to start',
      series: [
        given(uptime, line(0).stays(minutes(10))),
        given(lastRecordAge, line(-1).stays(minutes(10))),
      ],
      looks: [quietAt(minutes(5))],
    },
    { says: 'is quiet without the series', series: [runs], looks: [quietAt(minutes(10))] },
  ],
  KafkaPartitionStaleCritical: [
    {
      says: 'fires when a partition is stuck, and resolves when it goes on',
      series: waits(line(90).stays(wholeMs), stuckFor(minutes(10))),
      looks: [
        // 315 s is the first age above the limit.
        quietAt(onsetMs + minutes(6)),
        firesAt(onsetMs + minutes(6) + stepMs, fires('90', ofPartition)),
        quietAt(onsetMs + minutes(10) + stepMs),
      ],
    },
    {
      says: 'fires for a partition that never delivered',
      series: waits(line(90).stays(wholeMs)),
      looks: [quietAt(minutes(6)), firesAt(minutes(6) + stepMs, fires('90', ofPartition))],
    },
    {
      says: 'is quiet when it goes on in time',
      series: waits(line(90).stays(wholeMs), stuckFor(minutes(5))),
      looks: [quietAt(onsetMs + minutes(5)), quietAt(onsetMs + minutes(6) + stepMs)],
    },
    idle,
    busy,
    revoked,
  ],
  KafkaPartitionStale: [
    {
      says: 'fires when a partition is stuck, and yields to the critical one',
      series: waits(line(90).stays(wholeMs), stuckFor(minutes(10))),
      looks: [
        quietAt(onsetMs + minutes(4)),
        firesAt(onsetMs + minutes(4) + stepMs, fires('90', ofPartition)),
        firesAt(onsetMs + minutes(6), fires('90', ofPartition)),
        quietAt(onsetMs + minutes(6) + stepMs),
      ],
    },
    {
      says: 'resolves when it goes on',
      series: waits(line(90).stays(wholeMs), stuckFor(minutes(5))),
      looks: [
        firesAt(onsetMs + minutes(5), fires('90', ofPartition)),
        quietAt(onsetMs + minutes(5) + stepMs),
      ],
    },
    {
      says: 'fires for a partition that never delivered',
      series: waits(line(90).stays(wholeMs)),
      looks: [quietAt(minutes(4)), firesAt(minutes(4) + stepMs, fires('90', ofPartition))],
    },
    {
      says: 'is quiet when it goes on in time',
      series: waits(line(90).stays(wholeMs), stuckFor(minutes(2))),
      looks: [quietAt(onsetMs + minutes(2)), quietAt(onsetMs + minutes(4) + stepMs)],
    },
    idle,
    busy,
    revoked,
  ],
  StreamSilent: [
    {
      says: 'fires when no records come, and resolves with the next',
      series: [
        given(
          lastRecordAge,
          line(0).stays(onsetMs).climbs(600, minutes(10)).jumps(0).stays(minutes(10)),
        ),
      ],
      looks: [
        quietAt(onsetMs + minutes(6)),
        firesAt(onsetMs + minutes(6) + stepMs, fires('6m 15s')),
        quietAt(onsetMs + minutes(10) + stepMs),
      ],
    },
    {
      says: 'is quiet while one comes each minute',
      series: [given(lastRecordAge, line(60).stays(wholeMs))],
      looks: [quietAt(minutes(10)), quietAt(minutes(20))],
    },
    {
      says: 'is quiet when none ever came: that is another alert',
      series: [given(lastRecordAge, line(-1).stays(wholeMs))],
      looks: [quietAt(minutes(20))],
    },
    without,
  ],
  RebalancesOften: countCases({
    row: rebalances,
    windowMs: minutes(10),
    forMs: 0,
    enough: 6,
    tooFew: 5,
    shows: '6',
  }),
  TopicReplaced: countCases({
    row: logRegressions,
    windowMs: minutes(5),
    forMs: 0,
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  OffsetCommitsFail: countCases({
    row: commitFailures,
    windowMs: minutes(10),
    forMs: 0,
    enough: 3,
    tooFew: 2,
    shows: '3',
  }),
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>

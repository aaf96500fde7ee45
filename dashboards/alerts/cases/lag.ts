/** Cases of the rules about lag and latency. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import {
  fires,
  firesAt,
  given,
  line,
  onsetMs,
  quietAt,
  stepMs,
  type CaseSeries,
  type Line,
  type RuleCase,
  wholeMs,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { lag as rules } from '../rules/lag.ts'

const { consumerLag, kafkaMessages, lagLastSuccessTimestamp, lagPollFailures } = metricRows
const { e2eLatencyFine, clockSkew, uptime } = metricRows

const trueMs = onsetMs + stepMs
const runs = given(uptime, line(0).climbs(wholeMs / 1_000, wholeMs))
const perSecond = (count: number) => line(0).climbs((count * wholeMs) / 1_000, wholeMs)
/** Records read each second. */
const reads = (count: number) => given(kafkaMessages, perSecond(count), { status: 'success' })
const waits = (records: Line, partition = 0) => given(consumerLag, records, { partition })
/** So many records wait for a while. */
const behind = (records: number, lastsMs: number) =>
  line(0).stays(onsetMs).jumps(records).stays(lastsMs).jumps(0).stays(minutes(10))

const idle = {
  says: 'is quiet on an idle topic',
  series: [reads(0), waits(line(0).stays(wholeMs))],
  looks: [quietAt(minutes(20))],
}
const few = {
  says: 'is quiet for a few records, however slowly they are read',
  series: [reads(0), waits(line(1_000).stays(wholeMs))],
  looks: [quietAt(minutes(20))],
}
const unknown = {
  says: 'is quiet while the lag is not known: that is another alert',
  series: [reads(100)],
  looks: [quietAt(minutes(20))],
}

/** The histogram of records of which all take as long as a bucket. */
function latency(slowBucket: string, slow: Line, fast: Line): readonly CaseSeries[] {
  const series = (le: string, values: Line): CaseSeries => {
    const plain = given(e2eLatencyFine, values, undefined, '_bucket')
    return { ...plain, series: plain.series.replace('{', `{le="${le}",`) }
  }
  return [
    series('0.01', fast),
    series(slowBucket, slow),
    series('+Inf', slow),
    given(e2eLatencyFine, slow, undefined, '_count'),
  ]
}
const climbing = (before: number, during: number, lastsMs: number) =>
  line(0)
    .climbs((before * onsetMs) / stepMs, onsetMs)
    .climbs((during * lastsMs) / stepMs, lastsMs)
    .climbs((before * minutes(20)) / stepMs, minutes(20))
/** A hundred records a step, all fast; then for a while all slow. */
const slowFor = (slowBucket: string, lastsMs: number) =>
  latency(slowBucket, climbing(100, 100, lastsMs), climbing(100, 0, lastsMs))
const slowAlways = (slowBucket: string, perStep: number) =>
  latency(slowBucket, line(0).climbs((perStep * wholeMs) / stepMs, wholeMs), line(0).stays(wholeMs))

const noTraffic = {
  says: 'is quiet on an idle topic',
  series: slowAlways('30', 0),
  looks: [quietAt(minutes(20))],
}
const fewRecords = {
  says: 'is quiet for a few late records',
  series: slowAlways('30', 5),
  looks: [quietAt(minutes(20))],
}
const noHistogram = {
  says: 'is quiet without the series',
  series: [],
  looks: [quietAt(minutes(10))],
}

export const lag = {
  KafkaConsumerLagCritical: [
    {
      says: 'fires when it is ten minutes behind, and resolves when it has caught up',
      series: [reads(100), waits(behind(60_100, minutes(5)))],
      looks: [
        quietAt(onsetMs + minutes(2)),
        firesAt(trueMs + minutes(2), fires('10m 1s')),
        quietAt(trueMs + minutes(5) + stepMs),
      ],
    },
    {
      says: 'adds up partitions',
      series: [
        reads(100),
        waits(line(30_050).stays(wholeMs), 0),
        waits(line(30_050).stays(wholeMs), 1),
      ],
      looks: [firesAt(minutes(20), fires('10m 1s'))],
    },
    {
      says: 'fires when nothing is read at all',
      series: [reads(0), waits(line(1_001).stays(wholeMs))],
      looks: [firesAt(minutes(20), fires('+Inf'))],
    },
    {
      says: 'is quiet at ten minutes',
      series: [reads(100), waits(behind(60_000, minutes(5)))],
      looks: [quietAt(trueMs + minutes(2)), quietAt(trueMs + minutes(4))],
    },
    {
      says: 'is quiet when a fast relay has a large backlog',
      series: [reads(50_000), waits(line(1_000_000).stays(wholeMs))],
      looks: [quietAt(minutes(20))],
    },
    idle,
    few,
    unknown,
  ],
  KafkaConsumerLagHigh: [
    {
      says: 'fires when it is a minute behind, and resolves when it has caught up',
      series: [reads(100), waits(behind(6_100, minutes(10)))],
      looks: [
        quietAt(onsetMs + minutes(5)),
        firesAt(trueMs + minutes(5), fires('1m 1s')),
        quietAt(trueMs + minutes(10) + stepMs),
      ],
    },
    {
      says: 'yields to the critical one',
      series: [reads(100), waits(line(60_100).stays(wholeMs))],
      looks: [quietAt(minutes(10)), quietAt(minutes(20))],
    },
    {
      says: 'is quiet at a minute',
      series: [reads(100), waits(behind(6_000, minutes(10)))],
      looks: [quietAt(trueMs + minutes(5)), quietAt(trueMs + minutes(9))],
    },
    idle,
    few,
    unknown,
  ],
  LagUnknown: [
    {
      says: 'fires when polls get no answer, and resolves with the next answer',
      series: [
        runs,
        given(
          lagLastSuccessTimestamp,
          line(0)
            .climbs(onsetMs / 1_000, onsetMs)
            .stays(minutes(5))
            .jumps(onsetMs / 1_000 + 315)
            .climbs(600, minutes(10)),
        ),
      ],
      looks: [
        quietAt(onsetMs + minutes(2)),
        firesAt(onsetMs + minutes(2) + stepMs, fires('2m 15s')),
        quietAt(onsetMs + minutes(5) + stepMs),
      ],
    },
    {
      says: 'fires for a relay that was never answered',
      series: [runs],
      looks: [quietAt(minutes(3)), firesAt(minutes(3) + stepMs, fires('3m 15s'))],
    },
    {
      says: 'is quiet while polls are answered',
      series: [runs, given(lagLastSuccessTimestamp, line(-60).climbs(wholeMs / 1_000, wholeMs))],
      looks: [quietAt(minutes(10)), quietAt(minutes(20))],
    },
    {
      says: 'gives a relay time to start',
      series: [given(uptime, line(0).climbs(120, minutes(2)).stays(minutes(10)))],
      looks: [quietAt(minutes(5)), quietAt(minutes(10))],
    },
    noHistogram,
  ],
  KafkaLagPollFailures: [
    {
      says: 'fires when polls keep failing, and resolves after them',
      series: [
        given(lagPollFailures, line(500).stays(onsetMs).climbs(60, minutes(10)).stays(minutes(10))),
      ],
      looks: [
        quietAt(onsetMs + minutes(5)),
        firesAt(trueMs + minutes(5), fires('6')),
        quietAt(onsetMs + minutes(11) + stepMs),
      ],
    },
    {
      says: 'is quiet after a moment without answers',
      series: [
        given(lagPollFailures, line(500).stays(onsetMs).climbs(60, minutes(3)).stays(minutes(20))),
      ],
      looks: [quietAt(onsetMs + minutes(4)), quietAt(trueMs + minutes(5))],
    },
    {
      says: 'is quiet however many failed once',
      series: [given(lagPollFailures, line(100_000).stays(wholeMs))],
      looks: [quietAt(minutes(20))],
    },
    noHistogram,
  ],
  E2ELatencyCritical: [
    {
      says: 'fires when records are late, and resolves soon after',
      series: slowFor('10', minutes(15)),
      looks: [
        quietAt(onsetMs + minutes(5)),
        firesAt(trueMs + minutes(5), fires('9.9s')),
        quietAt(onsetMs + minutes(17) + stepMs),
      ],
    },
    {
      says: 'is quiet after a minute of late records',
      series: slowFor('10', minutes(1)),
      looks: [quietAt(onsetMs + minutes(5)), quietAt(onsetMs + minutes(7))],
    },
    {
      says: 'is quiet below the limit',
      series: slowAlways('5', 100),
      looks: [quietAt(minutes(20))],
    },
    noTraffic,
    fewRecords,
    noHistogram,
  ],
  E2ELatencyHigh: [
    {
      says: 'fires when records are late, and resolves soon after',
      series: slowFor('1', minutes(15)),
      looks: [
        quietAt(onsetMs + minutes(5)),
        firesAt(trueMs + minutes(5), fires('990.1ms')),
        quietAt(onsetMs + minutes(17) + stepMs),
      ],
    },
    {
      says: 'yields to the critical one',
      series: slowAlways('10', 100),
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet below the limit',
      series: slowAlways('0.5', 100),
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet after a minute of late records',
      series: slowFor('1', minutes(1)),
      looks: [quietAt(onsetMs + minutes(5)), quietAt(onsetMs + minutes(7))],
    },
    noTraffic,
    fewRecords,
    noHistogram,
  ],
  ProducerClockSkew: [
    {
      says: 'fires when many records come from the future, and resolves after them',
      series: [
        reads(100),
        given(clockSkew, line(5_000).stays(onsetMs).climbs(1_800, minutes(15)).stays(minutes(20))),
      ],
      looks: [
        quietAt(onsetMs + minutes(6)),
        firesAt(onsetMs + minutes(15), fires('2%')),
        quietAt(onsetMs + minutes(20)),
      ],
    },
    {
      says: 'is quiet for a small share',
      series: [reads(100), given(clockSkew, perSecond(1))],
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet for a few records of a quiet topic',
      series: [reads(0.2), given(clockSkew, perSecond(0.2))],
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet however many came once',
      series: [reads(100), given(clockSkew, line(100_000).stays(wholeMs))],
      looks: [quietAt(minutes(20))],
    },
    noHistogram,
  ],
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>

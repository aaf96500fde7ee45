/** Cases of the rules about the replay buffer in Redis. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import {
  fires,
  firesAt,
  gaugeCases,
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
import type { SeriesRow } from '../../metrics/series-row.ts'
import { minutes } from '../rule.ts'
import type { replay as rules } from '../rules/replay.ts'

const { redisErrors, redisLatency, redisWriteDropped, redisWriteFailures, redisConnected } =
  metricRows
const trueMs = onsetMs + stepMs

/** A trouble that lasts, one that is over soon, and one of long ago. */
const lasting = (row: SeriesRow, windowMs: number, forMs: number, shows: string): RuleCase[] => [
  {
    says: 'fires when it goes on, and resolves after it',
    series: [given(row, line(70).stays(onsetMs).climbs(80, minutes(10)).stays(minutes(20)))],
    looks: [
      quietAt(trueMs + forMs - stepMs),
      firesAt(trueMs + forMs, fires(shows)),
      quietAt(onsetMs + minutes(10) + windowMs + stepMs),
    ],
  },
  {
    says: 'is quiet when it is over soon',
    series: [given(row, line(70).stays(onsetMs).jumps(90).stays(minutes(30)))],
    looks: [
      quietAt(trueMs + windowMs),
      quietAt(trueMs + forMs),
      quietAt(trueMs + forMs + windowMs),
    ],
  },
  {
    says: 'is quiet however often it was once',
    series: [given(row, line(100_000).stays(wholeMs))],
    looks: [quietAt(minutes(20))],
  },
  { says: 'is quiet without the series', series: [], looks: [quietAt(minutes(10))] },
]

/** Round trips that all take up to 50 ms, and for a while up to 250 ms. */
function latency(operation: 'read' | 'write', lastsMs: number, bucket = '250'): CaseSeries[] {
  const series = (le: string, values: Line): CaseSeries => {
    const plain = given(redisLatency, values, { operation }, '_bucket')
    return { ...plain, series: plain.series.replace('{', `{le="${le}",`) }
  }
  const all = () => line(0).climbs((60 * wholeMs) / stepMs, wholeMs)
  const fast = line(0)
    .climbs((60 * onsetMs) / stepMs, onsetMs)
    .stays(lastsMs)
    .climbs((60 * minutes(15)) / stepMs, minutes(15))
  return [series('50', fast), series(bucket, all()), series('+Inf', all())]
}

export const replay = {
  ReplayRedisDisconnected: gaugeCases({
    row: redisConnected,
    forMs: minutes(2),
    good: 1,
    bad: 0,
    limit: 1,
    shows: '0',
  }),
  WebSocketRedisErrors: lasting(redisErrors, minutes(1), minutes(2), '8'),
  WebSocketRedisHighLatency: [
    {
      says: 'fires when Redis is slow, names the operation, and resolves after it',
      series: [...latency('write', minutes(15)), ...latency('read', 0)],
      looks: [
        quietAt(onsetMs + minutes(5)),
        firesAt(onsetMs + minutes(14), fires('240', { operation: 'write' })),
        quietAt(onsetMs + minutes(15) + minutes(5)),
      ],
    },
    {
      says: 'is quiet below the limit',
      series: latency('write', minutes(15), '100'),
      looks: [quietAt(onsetMs + minutes(14))],
    },
    {
      says: 'is quiet when it is over soon',
      series: latency('write', minutes(1)),
      looks: [quietAt(onsetMs + minutes(4)), quietAt(onsetMs + minutes(7))],
    },
    { says: 'is quiet without the series', series: [], looks: [quietAt(minutes(10))] },
  ],
  ReplayBufferRedisWritesDropped: lasting(redisWriteDropped, minutes(5), minutes(5), '40'),
  ReplayBufferRedisWriteFailures: lasting(redisWriteFailures, minutes(5), minutes(5), '40'),
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>

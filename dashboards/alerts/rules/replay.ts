/** Is the replay buffer complete? Live delivery does not need Redis, so nothing here pages. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import { changed, minutes, ours, type RuleGroup } from '../rule.ts'
import { at, increase, quantileOfEach } from '../promql.ts'

const { redisErrors, redisLatency, redisWriteDropped, redisWriteFailures, redisConnected } =
  metricRows
/** DashFlow's limit. */
const redisLatencyMsMax = 100

const redisSteps = [
  'See `/health`: what Redis answered is named there, such as read-only, full, or wrong password.',
  'Ask Redis itself: `redis-cli info memory`, `info replication`, `latency doctor`.',
  'Live clients notice nothing. Others get what memory holds, and gaps declare the rest.',
] as const

export const replay = {
  ReplayRedisDisconnected: {
    tier: 'ticket',
    severity: 'high',
    family: 'redis',
    expr: () => `${at(redisConnected)} == 0`,
    forMs: minutes(2),
    summary: 'The relay {{ $labels.instance }} has no Redis.',
    means: 'Replays come from memory only, and are gone with a restart.',
    steps: redisSteps,
    panel: 'redis',
    origin: ours(
      'A Redis that is down when DashFlow starts is never tried again, and no metric shows it.',
    ),
  },
  WebSocketRedisErrors: {
    tier: 'ticket',
    severity: 'medium',
    family: 'redis',
    expr: (form) => `${increase(redisErrors, form.window(minutes(1)))} > 0`,
    forMs: minutes(2),
    summary: 'Redis fails for {{ $labels.instance }}.',
    means: '{{ $value | humanize }} round trips per window failed or took too long.',
    steps: redisSteps,
    panel: 'redis',
    origin: changed(
      "DashFlow's is critical, although live delivery does not need Redis; and over five minutes " +
        'one error was enough.',
    ),
  },
  WebSocketRedisHighLatency: {
    tier: 'ticket',
    severity: 'warning',
    family: 'redis',
    expr: (form) =>
      `${quantileOfEach(0.95, redisLatency, form.window(minutes(5)))} > ${redisLatencyMsMax}`,
    forMs: minutes(5),
    summary: 'Redis is slow for {{ $labels.instance }} ({{ $labels.operation }}).',
    means: 'One round trip of twenty takes {{ $value | humanize }} ms or more.',
    steps: redisSteps,
    panel: 'redisLatency',
    origin: { from: 'dashflow' },
  },
  ReplayBufferRedisWritesDropped: {
    tier: 'ticket',
    severity: 'high',
    family: 'redis',
    expr: (form) => `${increase(redisWriteDropped, form.window(minutes(5)))} > 0`,
    forMs: minutes(5),
    summary: 'Records of {{ $labels.instance }} are not sent to Redis.',
    means: '{{ $value | humanize }} records within the window cannot be replayed after a restart.',
    steps: redisSteps,
    panel: 'redisLost',
    origin: { from: 'dashflow' },
  },
  ReplayBufferRedisWriteFailures: {
    tier: 'ticket',
    severity: 'high',
    family: 'redis',
    expr: (form) => `${increase(redisWriteFailures, form.window(minutes(5)))} > 0`,
    forMs: minutes(5),
    summary: 'Redis does not store records of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} records within the window cannot be replayed after a restart.',
    steps: redisSteps,
    panel: 'redisLost',
    origin: { from: 'dashflow' },
  },
} as const satisfies RuleGroup

/** Are the records good, and is none of them lost? */
import { metricRows } from '../../../relay/tables/metrics.ts'
import type { Form } from '../form.ts'
import { asDashFlow, changed, minutes, ours, type RuleGroup } from '../rule.ts'
import { at, increase, rate, unlessFiring } from '../promql.ts'

const { kafkaMessages, decodeErrors, kafkaPayloadMissing, unreadableBatches } = metricRows
const { sequenceGaps, sequenceDuplicates, sequenceReorders } = metricRows
const { dlqSends, dlqSendFailures, dlqRetries, dlqWaiting } = metricRows

/** DashFlow's two limits. */
const errorShareHigh = 0.01
const errorShareCritical = 0.05
/** One malformed record of a quiet hour is a share of 100 %. */
const errorsMin = 5
const errorShare = (form: Form, limit: number) => {
  const window = form.window(minutes(5))
  const all = rate(kafkaMessages, window)
  return (
    `${rate(decodeErrors, window)} / ${all} > ${limit} ` +
    `and ${increase(decodeErrors, window)} >= ${errorsMin}`
  )
}

/** DashFlow's floor: what a retry of a batch causes is below it. */
const perSecondMax = 0.1
const over = (form: Form, row: typeof sequenceDuplicates | typeof dlqSends) =>
  `${rate(row, form.window(minutes(5)))} > ${perSecondMax}`

const decodeSteps = [
  'See `websocket_decode_errors_total` by `error_type`: `schema_version_mismatch` is a producer ' +
    'of another version; `payload_too_large` one that sends too much; others are garbage.',
  'Read some from the topic of dead letters: partition, offset and reason stand in them.',
  'Stop or repair the producer; the relay skips what it cannot read.',
] as const

export const records = {
  SequenceGapsDetected: {
    tier: 'page',
    severity: 'critical',
    family: 'records',
    expr: (form) => `${increase(sequenceGaps, form.window(minutes(5)))} > 0`,
    forMs: minutes(2),
    summary: 'Records are missing in the stream of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} gaps in the sequences of threads within the window.',
    steps: [
      'Dropped by producers? See their own metrics: a full queue drops.',
      'Lost in Kafka? Look for unclean leader elections, and for retention shorter than the lag.',
      'Lost by the relay? Compare with `websocket_decode_errors_total`: a record that cannot be ' +
        'read is a gap too.',
    ],
    panel: 'sequences',
    origin: asDashFlow,
  },
  HighDuplicateRate: {
    tier: 'ticket',
    severity: 'medium',
    family: 'records',
    expr: (form) => over(form, sequenceDuplicates),
    forMs: minutes(5),
    summary: 'Many duplicates in the stream of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} duplicate events per second; clients leave them out.',
    steps: [
      'Producers that retry without idempotence? `enable.idempotence=true` ends it.',
      'Does the relay read the same offsets again? See its rebalances and commit failures.',
    ],
    panel: 'sequences',
    origin: asDashFlow,
  },
  HighReorderRate: {
    tier: 'ticket',
    severity: 'medium',
    family: 'records',
    expr: (form) => over(form, sequenceReorders),
    forMs: minutes(5),
    summary: 'Events out of order in the stream of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} events per second are older than one already seen.',
    steps: [
      'Does each thread have one producer and one key? Two writers of a thread reorder it.',
      'Was the number of partitions changed? Keys move then.',
    ],
    panel: 'sequences',
    origin: asDashFlow,
  },
  HighDecodeErrorRate: {
    tier: 'page',
    severity: 'critical',
    family: 'decode',
    expr: (form) => errorShare(form, errorShareCritical),
    forMs: minutes(2),
    summary: 'Many records of {{ $labels.instance }} cannot be read.',
    means:
      '{{ $value | humanizePercentage }} of the records are malformed; clients do not get them.',
    steps: decodeSteps,
    panel: 'decodeErrors',
    origin: changed(
      "DashFlow's severities are inverted: 1 % is critical there, and 5 % only high. Old records " +
        'do not count, and a few errors of a quiet topic are no share.',
    ),
  },
  HighMessageProcessingErrorRate: {
    tier: 'ticket',
    severity: 'high',
    family: 'decode',
    expr: (form) => `(${errorShare(form, errorShareHigh)}) ${unlessFiring('HighDecodeErrorRate')}`,
    forMs: minutes(5),
    summary: 'Some records of {{ $labels.instance }} cannot be read.',
    means:
      '{{ $value | humanizePercentage }} of the records are malformed; clients do not get them.',
    steps: decodeSteps,
    panel: 'decodeErrors',
    origin: changed(
      'The lower limit of the same share, so the lower severity; quiet while the upper one fires.',
    ),
  },
  PayloadMissing: {
    tier: 'ticket',
    severity: 'high',
    family: 'decode',
    expr: (form) => `${increase(kafkaPayloadMissing, form.window(minutes(5)))} > 0`,
    forMs: 0,
    summary: 'Records without a value in the topic of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} tombstones within the window: something deletes, or compacts.',
    steps: [
      'See `cleanup.policy` of the topic: `compact` loses events; it must be `delete`.',
      'Find the producer that sends null.',
    ],
    panel: 'decodeErrors',
    origin: ours('DashFlow counts them and shows them in /health, and no rule reads them.'),
  },
  UnreadableBatches: {
    tier: 'ticket',
    severity: 'high',
    family: 'decode',
    expr: (form) => `${increase(unreadableBatches, form.window(minutes(5)))} > 0`,
    forMs: 0,
    summary: 'Whole batches of {{ $labels.instance }} cannot be unpacked.',
    means:
      '{{ $value | humanize }} batches within the window. Each counts as one malformed record ' +
      'and may hold a thousand.',
    steps: [
      '`unknown_codec`: a producer compresses in a way that the relay does not read.',
      '`corrupt`: look for disk errors of the brokers.',
      '`too_large`: a batch unpacks to more than the relay may hold; see `batch.size`.',
    ],
    panel: 'decodeErrors',
    origin: ours("DashFlow's relay does not see batches."),
  },
  WebSocketDlqBroken: {
    tier: 'page',
    severity: 'critical',
    family: 'dlq',
    expr: (form) => `${increase(dlqSendFailures, form.window(minutes(5)))} > 0`,
    forMs: minutes(1),
    summary: 'Dead letters of {{ $labels.instance }} are lost.',
    means: '{{ $value | humanize }} malformed records within the window are nowhere.',
    steps: [
      'Does the topic of dead letters exist, may the relay write to it, does it take the size?',
      '`backpressure`: more malformed records than it takes; repair their producer first.',
      'Records that must not be lost: `DLQ_MODE=fail_closed`.',
    ],
    panel: 'dlq',
    origin: asDashFlow,
  },
  WebSocketDlqRetrying: {
    tier: 'ticket',
    severity: 'high',
    family: 'dlq',
    expr: (form) =>
      `${increase(dlqRetries, form.window(minutes(1)))} > 0 and ${at(dlqWaiting)} > 0`,
    forMs: minutes(2),
    summary: 'Kafka does not take the dead letters of {{ $labels.instance }}.',
    means:
      'They are retried, and with `DLQ_MODE=fail_closed` reading stops when too many wait. ' +
      '{{ $value | humanize }} retries per window.',
    steps: [
      'Does the topic of dead letters exist, may the relay write to it, does it take the size?',
      'It goes on by itself when Kafka accepts them.',
    ],
    panel: 'dlq',
    origin: ours("DashFlow's relay has no mode that waits for them."),
  },
  WebSocketDlqHighRate: {
    tier: 'ticket',
    severity: 'high',
    family: 'dlq',
    expr: (form) => over(form, dlqSends),
    forMs: minutes(2),
    summary: 'Many dead letters of {{ $labels.instance }}.',
    means: '{{ $value | humanize }} malformed records per second are put aside.',
    steps: decodeSteps,
    panel: 'dlq',
    origin: asDashFlow,
  },
} as const satisfies RuleGroup

/** Cases of the rules about malformed, missing and dead records. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import {
  countCases,
  fires,
  firesAt,
  given,
  line,
  onsetMs,
  quietAt,
  stepMs,
  type RuleCase,
  wholeMs,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { records as rules } from '../rules/records.ts'

const { kafkaMessages, decodeErrors, kafkaPayloadMissing, unreadableBatches } = metricRows
const { sequenceGaps, sequenceDuplicates, sequenceReorders } = metricRows
const { dlqSends, dlqSendFailures, dlqRetries, dlqWaiting } = metricRows

const fiveMs = minutes(5)
const trueMs = onsetMs + stepMs
const perSecond = (count: number) => line(0).climbs((count * wholeMs) / 1_000, wholeMs)
const without = {
  says: 'is quiet without the series',
  series: [],
  looks: [quietAt(minutes(10))],
} as const

/** Good records each second, and malformed ones for a while. */
const malformed = (good: number, bad: number, lastsMs: number) => [
  given(kafkaMessages, perSecond(good), { status: 'success' }),
  given(
    decodeErrors,
    line(900)
      .stays(onsetMs)
      .climbs((bad * lastsMs) / 1_000, lastsMs)
      .stays(minutes(15)),
    { error_type: 'invalid_protobuf' },
  ),
]
const noErrors = {
  says: 'is quiet however many errors there once were, and on an idle topic',
  series: malformed(0, 0, stepMs),
  looks: [quietAt(minutes(10))],
}
const fewErrors = {
  says: 'is quiet for a few malformed records of a quiet topic',
  series: malformed(0.01, 0.01, minutes(15)),
  looks: [quietAt(onsetMs + minutes(7)), quietAt(onsetMs + minutes(12))],
}

/** A rate that lasts, and one at the limit. */
const rateCases = (
  row: typeof sequenceDuplicates,
  shows: string,
): readonly RuleCase[] => [
  {
    says: 'fires when it lasts, and resolves after it',
    series: [given(row, line(700).stays(onsetMs).climbs(120, minutes(10)).stays(minutes(20)))],
    looks: [
      quietAt(onsetMs + minutes(7)),
      firesAt(onsetMs + minutes(10), fires(shows)),
      quietAt(onsetMs + minutes(13)),
    ],
  },
  {
    says: 'is quiet after a batch that was sent again',
    series: [given(row, line(700).stays(onsetMs).jumps(30_000).stays(minutes(20)))],
    looks: [quietAt(trueMs + minutes(4)), quietAt(trueMs + minutes(5) + stepMs)],
  },
  {
    says: 'is quiet at the limit',
    series: [given(row, perSecond(0.099))],
    looks: [quietAt(minutes(20))],
  },
  {
    says: 'is quiet however many there once were',
    series: [given(row, line(100_000).stays(wholeMs))],
    looks: [quietAt(minutes(20))],
  },
  without,
]

export const records = {
  SequenceGapsDetected: countCases({
    row: sequenceGaps,
    windowMs: fiveMs,
    forMs: minutes(2),
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  HighDuplicateRate: rateCases(sequenceDuplicates, '200m'),
  HighReorderRate: rateCases(sequenceReorders, '200m'),
  HighDecodeErrorRate: [
    {
      says: 'fires when many are malformed, and resolves after them',
      series: malformed(100, 6, minutes(10)),
      looks: [
        quietAt(onsetMs + minutes(6)),
        firesAt(onsetMs + minutes(8), fires('6%')),
        quietAt(onsetMs + minutes(11)),
      ],
    },
    {
      says: 'fires on a quiet topic of which all is malformed',
      series: malformed(0.1, 0.1, minutes(15)),
      looks: [firesAt(onsetMs + minutes(14), fires('100%'))],
    },
    {
      says: 'is quiet for a small share',
      series: malformed(100, 5, minutes(10)),
      looks: [quietAt(onsetMs + minutes(8))],
    },
    fewErrors,
    noErrors,
    without,
  ],
  HighMessageProcessingErrorRate: [
    {
      says: 'fires when some are malformed, and resolves after them',
      series: malformed(100, 2, minutes(15)),
      looks: [
        quietAt(onsetMs + minutes(7)),
        firesAt(onsetMs + minutes(10), fires('2%')),
        quietAt(onsetMs + minutes(19)),
      ],
    },
    {
      says: 'fires on a quiet topic of which some is malformed',
      series: malformed(5, 0.15, minutes(15)),
      looks: [firesAt(onsetMs + minutes(14), fires('3%'))],
    },
    {
      says: 'yields to the upper tier',
      series: malformed(100, 6, minutes(15)),
      looks: [quietAt(onsetMs + minutes(10)), quietAt(onsetMs + minutes(14))],
    },
    {
      says: 'is quiet for a small share',
      series: malformed(100, 1, minutes(15)),
      looks: [quietAt(onsetMs + minutes(12))],
    },
    fewErrors,
    noErrors,
    without,
  ],
  PayloadMissing: countCases({
    row: kafkaPayloadMissing,
    windowMs: fiveMs,
    forMs: 0,
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  UnreadableBatches: countCases({
    row: unreadableBatches,
    labels: { reason: 'corrupt' },
    windowMs: fiveMs,
    forMs: 0,
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  WebSocketDlqBroken: countCases({
    row: dlqSendFailures,
    labels: { reason: 'kafka_error' },
    windowMs: fiveMs,
    forMs: minutes(1),
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  WebSocketDlqRetrying: [
    {
      says: 'fires while they are retried, and resolves when they are taken',
      series: [
        given(dlqRetries, line(80).stays(onsetMs).climbs(40, minutes(5)).stays(minutes(20))),
        given(
          dlqWaiting,
          line(0).stays(onsetMs).jumps(7).stays(minutes(5)).jumps(0).stays(minutes(20)),
        ),
      ],
      looks: [
        quietAt(onsetMs + minutes(2)),
        firesAt(trueMs + minutes(2), fires('8')),
        quietAt(trueMs + minutes(5) + stepMs),
      ],
    },
    {
      says: 'is quiet when a retry helped',
      series: [
        given(dlqRetries, line(80).climbs(40, wholeMs)),
        given(dlqWaiting, line(0).stays(wholeMs)),
      ],
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet while they wait for the first answer',
      series: [
        given(dlqRetries, line(80).stays(wholeMs)),
        given(dlqWaiting, line(7).stays(wholeMs)),
      ],
      looks: [quietAt(minutes(20))],
    },
    without,
  ],
  WebSocketDlqHighRate: [
    {
      says: 'fires when many are put aside, and resolves after them',
      series: [
        given(dlqSends, line(60).stays(onsetMs).climbs(120, minutes(10)).stays(minutes(20)), {
          error_type: 'invalid_protobuf',
        }),
      ],
      looks: [
        quietAt(onsetMs + minutes(4)),
        firesAt(onsetMs + minutes(10), fires('200m')),
        quietAt(onsetMs + minutes(13)),
      ],
    },
    {
      says: 'is quiet at the limit',
      series: [given(dlqSends, perSecond(0.099), { error_type: 'invalid_protobuf' })],
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet however many there once were',
      series: [given(dlqSends, line(90_000).stays(wholeMs), { error_type: 'invalid_protobuf' })],
      looks: [quietAt(minutes(20))],
    },
    without,
  ],
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>

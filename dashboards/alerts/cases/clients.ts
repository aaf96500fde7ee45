/** Cases of the rules about clients. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import {
  countCases,
  fires,
  firesAt,
  given,
  line,
  onsetMs,
  quietAt,
  type RuleCase,
  wholeMs,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { clients as rules } from '../rules/clients.ts'

const { dropped, slowDisconnects, sendTimeout, sendFailed, refusedConnections } = metricRows
const { replayGapMessages, replayOutcomes } = metricRows
const fiveMs = minutes(5)
const tenMs = minutes(10)
const lagged = { reason: 'lagged_receiver' } as const

/** Many refusals for a reason that the rule is not about. */
const otherReason = (reason: 'stopping' | 'token' | 'address'): RuleCase => ({
  says: `is not about connections refused because of \`${reason}\``,
  series: [given(refusedConnections, line(0).climbs(90_000, wholeMs), { reason })],
  looks: [quietAt(minutes(20))],
})

export const clients = {
  HighDroppedMessageRate: [
    {
      says: 'fires while many are missed, and resolves after that',
      series: [
        given(dropped, line(300).stays(onsetMs).climbs(1_200, tenMs).stays(minutes(20)), lagged),
      ],
      looks: [
        quietAt(onsetMs + minutes(4)),
        firesAt(onsetMs + minutes(9), fires('2')),
        quietAt(onsetMs + minutes(13)),
      ],
    },
    {
      says: 'is quiet for one phone in a tunnel',
      series: [given(dropped, line(0).climbs(wholeMs / 1_000, wholeMs), lagged)],
      looks: [quietAt(minutes(20))],
    },
    {
      says: 'is quiet however many were missed once',
      series: [given(dropped, line(90_000).stays(wholeMs), lagged)],
      looks: [quietAt(minutes(20))],
    },
    { says: 'is quiet without the series', series: [], looks: [quietAt(minutes(10))] },
  ],
  SlowClientsDisconnected: countCases({
    row: slowDisconnects,
    windowMs: tenMs,
    forMs: 0,
    enough: 3,
    tooFew: 2,
    shows: '3',
  }),
  SendTimeouts: countCases({
    row: sendTimeout,
    windowMs: fiveMs,
    forMs: 0,
    enough: 3,
    tooFew: 2,
    shows: '3',
  }),
  SendFailures: countCases({
    row: sendFailed,
    windowMs: fiveMs,
    forMs: 0,
    enough: 20,
    tooFew: 19,
    shows: '20',
  }),
  ConnectionsRefused: [
    ...countCases({
      row: refusedConnections,
      labels: { reason: 'address' },
      windowMs: fiveMs,
      forMs: 0,
      enough: 10,
      tooFew: 9,
      shows: '10',
    }),
    otherReason('stopping'),
    otherReason('token'),
  ],
  AccessRefused: [
    ...countCases({
      row: refusedConnections,
      labels: { reason: 'token' },
      windowMs: fiveMs,
      forMs: 0,
      enough: 10,
      tooFew: 9,
      shows: '10',
    }),
    otherReason('address'),
  ],
  ReplayGapsDeclared: countCases({
    row: replayGapMessages,
    labels: { mode: 'partition' },
    windowMs: tenMs,
    forMs: 0,
    enough: 1,
    tooFew: 0,
    shows: '1',
  }),
  ReplaysFail: [
    ...countCases({
      row: replayOutcomes,
      labels: { outcome: 'degraded' },
      windowMs: fiveMs,
      forMs: 0,
      enough: 3,
      tooFew: 2,
      shows: '3',
    }),
    {
      says: 'is not about replays that end well',
      series: [given(replayOutcomes, line(0).climbs(90_000, wholeMs), { outcome: 'complete' })],
      looks: [quietAt(minutes(20))],
    },
  ],
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>

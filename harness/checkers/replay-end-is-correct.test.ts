import { story, type Story } from '../history/story-testbed.ts'
import { replayEndIsCorrect, type ReplayEndIsCorrectOptions } from './replay-end-is-correct.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const complete = {
  type: 'replay_complete',
  mode: 'earliest',
  totalReplayed: 100,
  lastOffsetsByPartition: { 0: '99' },
  capped: false,
}

/** Hundred records that clients had; client 2 asks for them at 5 s. */
const asks = (from: string): Story =>
  story()
    .opened(0, 1)
    .acked(1, 0, 0, 100)
    .delivered(1.1, 1, 0, 0, 100)
    .opened(5, 2, 'late')
    .sent(5, 2, `resume:${from}`)
const replayed = (from = 'earliest') =>
  asks(from).delivered(5.05, 2, 0, 0, 100, { path: 'replay' })
const ended = (change: Record<string, unknown> = {}, from = 'earliest') =>
  replayed(from).control(5.1, 2, { ...complete, ...change })
const latest = { ...complete, mode: 'latest', totalReplayed: 0 }
/** Ten records that were sent while the client connected: they may come live, before the replay. */
const withLive = (change: Record<string, unknown>) =>
  replayed().acked(4.9, 0, 100, 10).delivered(5.04, 2, 0, 100, 10, { path: 'replay' })
    .control(5.1, 2, { ...complete, ...change })
const gap = { type: 'gap', count: 3 }

judgeCases<ReplayEndIsCorrectOptions>(
  'replay-end-is-correct',
  replayEndIsCorrect,
  { groups: ['late'], replaysMin: 1, recordsMin: 1, recordsMax: 1_000 },
  [
    ...passes<ReplayEndIsCorrectOptions>(
      'end-is-correct',
      ['from the oldest', ended()],
      ['from a cursor', ended({ mode: 'cursor' }, 'cursor')],
      ['from the newest', asks('latest').control(5.1, 2, latest), { recordsMin: 0 }],
      ['more fields than these', ended({ schema_version: 1, epoch: 'x', degraded: 'Redis' })],
      ['offsets as numbers', ended({ lastOffsetsByPartition: { 0: 99 } })],
      ['a mode and where from', ended({ mode: 'partition', from: 'earliest' })],
      ['a gap behind it, in the same chunk', ended().control(5.1, 2, gap)],
      ['capped at the limit', ended({ capped: true }), { recordsMax: 100 }],
      ['live records came before', withLive({})],
      ['or were replayed', withLive({ totalReplayed: 110, lastOffsetsByPartition: { 0: '109' } })],
      ['where a cursor stands that got nothing', asks('cursor')
        .control(5.1, 2, { ...complete, mode: 'cursor', totalReplayed: 0 }), { recordsMin: 0 }],
      [
        'a damaged record came too',
        asks('earliest').delivered(5.05, 2, 0, 0, 99, { path: 'replay' })
          .add(['garbled', 5.06e6, 2, 0, '99', 'other bytes']).control(5.1, 2, complete),
      ],
      [
        'records behind it in its chunk are not of it',
        ended().add(['delivered', 5.1e6, 2, 0, '100', 3, [0, 3], 'live']),
      ],
    ),
    ...fails('fields-missing', ['no mode', ended({ mode: undefined })]),
    ...fails(
      'fields-untrue',
      ['mode banana', ended({ mode: 'banana' })],
      ['another mode than was asked for', ended({ mode: 'latest' })],
      ['a total of 0', ended({ totalReplayed: 0 })],
      ['one more than came', ended({ totalReplayed: 101 })],
      ['one less than came', ended({ totalReplayed: 99 })],
      ['a total that is a text', ended({ totalReplayed: 'many' })],
      ['live records do not pay for replayed ones', withLive({ totalReplayed: 99 })],
      ['the last but one offset', ended({ lastOffsetsByPartition: { 0: '98' } })],
      ['an offset that never came', ended({ lastOffsetsByPartition: { 0: '100' } })],
      ['no offset', ended({ lastOffsetsByPartition: {} })],
      ['a partition that is not there', ended({ lastOffsetsByPartition: { 0: '99', 7: '3' } })],
      ['offsets that are none', ended({ lastOffsetsByPartition: 'all' })],
      ['capped as a text', ended({ capped: 'no' })],
      [
        'the newest is far behind',
        asks('latest').control(5.1, 2, { ...latest, lastOffsetsByPartition: { 0: '7' } }),
      ],
      [
        'the newest was never sent',
        asks('latest').control(5.1, 2, { ...latest, lastOffsetsByPartition: { 0: '100' } }),
      ],
    ),
    ...fails('capped-early', ['half of what it may send', ended({ capped: true })]),
    ...cannotTell('limit-unknown', [
      'capped, at an unknown limit',
      ended({ capped: true }),
      { recordsMax: undefined },
    ]),
    ...cannotTell('no-replay', ['no client asked', story().opened(1, 2, 'late')]),
    ...cannotTell('too-little', ['few', ended(), { recordsMin: 101 }], ['no end', replayed()]),
  ],
)

import { story, type Story } from '../history/story.ts'
import { replaysAnswered, type ReplaysAnsweredOptions } from './replays-answered.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const complete = {
  type: 'replay_complete',
  mode: 'earliest',
  totalReplayed: 100,
  lastOffsetsByPartition: { 0: '99' },
  capped: false,
}
const withoutMode = { ...complete, mode: undefined }

/** Hundred old records, one that comes during the replay; client 2 asks at 5 s from `from`. */
const asks = (from: string): Story =>
  story()
    .acked(1, 0, 0, 100)
    .acked(5.05, 0, 100, 1)
    .opened(5, 2, 'late')
    .sent(5, 2, `resume:${from}`)
    .phase('settle', 10, 20)
    .closed(20, 2, 'client')
const replayed = (from = 'earliest', first = 0) =>
  asks(from).delivered(5.05, 2, 0, first, 100 - first, { path: 'replay' })
const gap = { type: 'gap', partition: 0, firstOffset: '3', lastOffset: '4', count: 2 }
const withGap = () => replayed().control(5.06, 2, gap).control(5.1, 2, complete)
const stale = (requested: number) => {
  return { type: 'cursor_stale', partition: 0, requested: String(requested), oldest: '10' }
}
const isCut = { fault: 'cut' }
const reset = (offset: number) => ({
  type: 'cursor_reset_complete',
  bufferCleared: true,
  latestOffsetsByPartition: { 0: String(offset) },
})

judgeCases<ReplaysAnsweredOptions>(
  'replays-answered',
  replaysAnswered,
  { groups: ['late'], limitMs: 2_000, replaysMin: 1, recordsMin: 1, isRetained: true },
  [
    ...passes(
      'answered',
      ['from the oldest', replayed().control(5.1, 2, complete)],
      ['from a cursor', replayed('cursor', 50).control(5.1, 2, complete)],
      [
        'a lost cursor, told',
        replayed('cursor', 10).control(5, 2, stale(5)).control(5.1, 2, complete),
      ],
      ['capped', replayed('earliest', 50).control(5.1, 2, { ...complete, capped: true })],
      [
        'from what a reset left',
        replayed('earliest', 40).opened(2, 1).sent(2, 1, 'reset').control(2.1, 1, reset(39))
          .control(5.1, 2, complete),
      ],
      [
        'a gap that a reset made meanwhile',
        replayed().opened(2, 1).sent(5.01, 1, 'reset').control(5.02, 1, reset(4))
          .control(5.06, 2, gap).control(5.1, 2, complete),
      ],
      ['a gap that an outage of Redis made', withGap().broken(0.5, 2, { ...isCut, hop: 'redis' })],
      ['a gap where the buffer is small', withGap(), { isRetained: false }],
    ),
    ...fails(
      'not-answered',
      ['never', replayed()],
      ['too late', replayed().control(7.1, 2, complete)],
    ),
    ...fails('fields-missing', ['no mode', replayed().control(5.1, 2, withoutMode)]),
    ...fails(
      'gap-needless',
      ['all was there', withGap()],
      ['Redis was gone later', withGap().broken(2.5, 4, { ...isCut, hop: 'redis' })],
      ['something else was gone', withGap().broken(0.5, 2, { ...isCut, hop: 'kafka' })],
      [
        'a reset left the end of it',
        replayed().opened(2, 1).sent(5.01, 1, 'reset').control(5.02, 1, reset(3))
          .control(5.06, 2, gap).control(5.1, 2, complete),
      ],
    ),
    ...fails('stale-needless', [
      'one below the oldest',
      replayed('cursor', 10).control(5, 2, stale(9)).control(5.1, 2, complete),
    ]),
    ...fails(
      'beginning-missing',
      ['a record short', replayed('earliest', 1).control(5.1, 2, complete)],
      ['nothing at all', asks('earliest').control(5.1, 2, complete)],
    ),
    ...cannotTell('no-replay', ['nobody asked', story().opened(1, 2, 'late')]),
    ...cannotTell('too-little', ['few', replayed().control(5.1, 2, complete), { recordsMin: 101 }]),
    ...cannotTell('no-traffic', [
      'silence',
      story().acked(1, 0, 0, 100).opened(5, 2, 'late').sent(5, 2, 'resume:earliest')
        .delivered(5.05, 2, 0, 0, 100, { path: 'replay' }).control(5.1, 2, complete),
    ]),
  ],
)

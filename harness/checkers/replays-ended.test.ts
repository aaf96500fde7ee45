import { story } from '../history/story-testbed.ts'
import { replaysEnded } from './replays-ended.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const complete = { type: 'replay_complete', mode: 'earliest', totalReplayed: 9 }
const error = (code: string) => ({ type: 'error', code })

/** A client that asks at 5 s and is ended at `end`; another one reads quickly. */
const asked = (end: number, { code = 1_006, quickEnd = 6, by = 'relay' as const } = {}) =>
  alone(end, code, by).opened(5, 3, 'quick').sent(5, 3, 'resume:earliest')
    .delivered(5.1, 3, 0, 0, 100, { path: 'replay' }).control(quickEnd, 3, complete)
const alone = (end: number, code = 1_006, by: 'relay' | 'client' = 'relay') =>
  story()
    .acked(1, 0, 0, 100)
    .opened(5, 2, 'slow')
    .sent(5, 2, 'resume:earliest')
    .delivered(6, 2, 0, 0, 50, { path: 'replay' })
    .add({ kind: 'closed', t: end * 1e6, client: 2, code, reason: '', by })
const quickHungUp = (at: number) =>
  alone(8).opened(5, 3, 'quick').sent(5, 3, 'resume:earliest').closed(at, 3, 'relay')

judgeCases(
  'replays-ended',
  replaysEnded,
  { groups: ['slow'], quick: ['quick'], timeoutMs: 2_000, limitMs: 4_000 },
  [
    ...passes(
      'ended',
      ['given up in time', asked(8)],
      ['a little before its time', asked(6.6)],
      ['closed in words of its own', asked(8, { code: 4_003 })],
      ['told so, then closed like any', asked(8, { code: 1_000 })
        .control(7.9, 2, error('REPLAY_TIMEOUT'))],
    ),
    ...fails(
      'replay-goes-on',
      ['much longer', asked(12)],
      ['whole in the end', asked(14).control(13, 2, complete)],
      ['the run ended long after', asked(14, { by: 'client' as never })],
    ),
    ...fails('given-up-early', ['immediately', asked(5.2)], ['half way', asked(6.2)]),
    ...fails(
      'given-up-wrongly',
      ['all is said to be done', asked(8, { code: 1_000 })],
      ['the client is blamed', asked(8, { code: 1_002 })],
      ['another error', asked(8).control(7.9, 2, error('REPLAY_BUSY'))],
    ),
    ...fails('quick-not-served', ['closed immediately', quickHungUp(5.1)]),
    ...cannotTell('too-quick', ['it took no time', asked(8).control(6.5, 2, complete)]),
    ...cannotTell(
      'quick-too-slow',
      ['no client reads quickly', alone(8)],
      [
        'not even the quick one had it in time',
        quickHungUp(7.5).delivered(6, 3, 0, 0, 50, { path: 'replay' }),
      ],
    ),
    ...cannotTell('ended-too-soon', ['the run was over', asked(8, { by: 'client' as never })]),
    ...cannotTell('no-replay', [
      'others asked',
      story().opened(5, 1, 'readers').sent(5, 1, 'resume:earliest'),
    ]),
  ],
)

import { story, type Story } from '../history/story-testbed.ts'
import { resetForgets } from './reset-forgets.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const answer = (bufferCleared: boolean, latest = '49') => ({
  type: 'cursor_reset_complete',
  bufferCleared,
  latestOffsetsByPartition: { 0: latest },
})
const complete = { type: 'replay_complete' }
const refusal = { type: 'error', code: 'CURSOR_RESET_FORBIDDEN' }

/** Client 1 has fifty records when it resets at 3 s. */
const resets = (): Story =>
  story().opened(1, 1).acked(1.5, 0, 0, 50).delivered(1.6, 1, 0, 0, 50).acked(3.5, 0, 50, 10)
    .sent(3, 1, 'reset').closed(20, 1, 'client')
/** Client 2 asks for all there is at `at` and gets what begins with `first`. */
const asked = (told: Story, first: number, at = 5) =>
  told
    .opened(at, 2, 'late')
    .sent(at, 2, 'resume:earliest')
    .delivered(at + 0.1, 2, 0, first, 60 - first, { path: 'replay' })
    .control(at + 0.2, 2, complete)
const cleared = (latest?: string) => resets().control(3.1, 1, answer(true, latest))
const severed = (from: number, until: number, isCleared = true) =>
  resets().broken(from, until, { fault: 'black-hole', hop: 'redis' })
    .control(3.1, 1, answer(isCleared))

judgeCases('reset-forgets', resetForgets, { limitMs: 1_000 }, [
  ...passes(
    'forgotten',
    ['only what is newer', asked(cleared(), 50)],
    ['not cleared, and said so', asked(severed(1, 4, false), 50)],
    ['Redis came back in time', asked(severed(1, 3.05), 50)],
    ['another way was broken', asked(cleared().broken(1, 4, { fault: 'cut', hop: 'kafka' }), 50)],
    ['another partition that no client had', asked(cleared(), 50).acked(2.9, 1, 0, 5)],
  ),
  ...fails(
    'forgotten-replayed',
    ['the last of the old', asked(cleared(), 49)],
    ['not even where the answer names no offset', asked(
      resets().control(3.1, 1, { ...answer(true), latestOffsetsByPartition: {} }), 0)],
    ['nor where it was not cleared', asked(severed(1, 4, false), 49)],
  ),
  ...fails(
    'offsets-untrue',
    ['a partition that the answer leaves out', asked(
      resets().control(3.1, 1, { ...answer(true), latestOffsetsByPartition: {} }), 50)],
    ['less than clients had', asked(cleared('9'), 50)],
    ['more than was ever sent', asked(cleared('5000'), 50)],
    ['no number', asked(cleared('all'), 50)],
  ),
  ...fails('cleared-untrue', ['nothing reached Redis', asked(severed(1, 4), 50)]),
  ...fails(
    'reset-not-answered',
    ['never', asked(resets(), 50)],
    ['too late', asked(resets().control(4.1, 1, answer(true)), 50)],
  ),
  ...cannotTell('no-reset', ['no client did', asked(story(), 0)]),
  ...cannotTell('reset-refused', ['no token', asked(resets().control(3.1, 1, refusal), 50)]),
  ...cannotTell('nothing-before', [
    'no client had a record',
    asked(story().opened(1, 1).acked(1.5, 0, 0, 60).sent(3, 1, 'reset')
      .control(3.1, 1, answer(true)), 50),
  ]),
  ...cannotTell('nothing-replayed', [
    'an empty replay',
    cleared().opened(5, 2, 'late').sent(5, 2, 'resume:earliest').control(5.2, 2, complete),
  ]),
  ...cannotTell(
    'no-replay',
    ['no client looked afterwards', cleared()],
    [
      'a client looked before',
      cleared().opened(2, 2, 'late').sent(2, 2, 'resume:earliest')
        .delivered(2.1, 2, 0, 0, 50, { path: 'replay' }).control(2.2, 2, complete),
    ],
    ['no client got an answer', cleared().opened(5, 2, 'late').sent(5, 2, 'resume:earliest')],
  ),
])

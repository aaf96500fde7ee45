import { story, type Story } from '../history/story.ts'
import { resetForgets } from './reset-forgets.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const answer = (bufferCleared: boolean) => ({
  type: 'cursor_reset_complete',
  bufferCleared,
  latestOffsetsByPartition: { 0: '49' },
})
const complete = { type: 'replay_complete' }

const resets = (): Story =>
  story().opened(1, 1).acked(1.5, 0, 0, 50).sent(2, 1, 'reset').closed(20, 1, 'client')
/** Client 2 asks for all there is at `at` and gets what begins with `first`. */
const asked = (told: Story, first: number, at = 5) =>
  told
    .opened(at, 2, 'late')
    .sent(at, 2, 'resume:earliest')
    .delivered(at + 0.1, 2, 0, first, 60 - first, { path: 'replay' })
    .control(at + 0.2, 2, complete)
const cleared = () => resets().control(2.1, 1, answer(true))
const severed = (from: number, until: number, isCleared = true) =>
  resets().broken(from, until, { fault: 'black-hole', hop: 'redis' })
    .control(2.1, 1, answer(isCleared))

judgeCases('reset-forgets', resetForgets, { limitMs: 1_000 }, [
  ...passes(
    'forgotten',
    ['only what is newer', asked(cleared(), 50)],
    ['not cleared, and said so', asked(severed(1, 4, false), 50)],
    ['Redis came back in time', asked(severed(1, 2.05), 50)],
    ['another way was broken', asked(cleared().broken(1, 4, { fault: 'cut', hop: 'kafka' }), 50)],
  ),
  ...fails('forgotten-replayed', ['the last of the old', asked(cleared(), 49)]),
  ...fails('cleared-untrue', ['nothing reached Redis', asked(severed(1, 4), 50)]),
  ...fails(
    'reset-not-answered',
    ['never', asked(resets(), 50)],
    ['too late', asked(resets().control(3.1, 1, answer(true)), 50)],
  ),
  ...cannotTell('no-reset', ['nobody did', asked(story(), 0)]),
  ...cannotTell(
    'no-replay',
    ['nobody looked afterwards', cleared()],
    ['somebody looked before', asked(cleared(), 0, 1)],
  ),
])

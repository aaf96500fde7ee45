import { story } from '../history/story-testbed.ts'
import { replaysExpire } from './replays-expire.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** Client 1 had hundred records at 1 s; client 2 asks at 8 s and gets the last `many` of them. */
const replayed = (many: number, at = 8) =>
  story().opened(0, 1).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100).phase('over', 5, 12)
    .opened(at, 2, 'late').sent(at, 2, 'resume:earliest')
    .delivered(at + 0.1, 2, 0, 100 - many, many, { path: 'replay' })
    .control(at + 0.2, 2, { type: 'replay_complete' })
const options = { groups: ['late'], phase: 'over', limitMs: 3_000, memoryRecordsMax: 20 }

judgeCases('replays-expire', replaysExpire, options, [
  ...passes('expired', ['nothing', replayed(0)], ['what memory holds', replayed(20)]),
  ...fails('kept-too-long', ['one more', replayed(21)], ['all of it', replayed(100)]),
  ...cannotTell('too-little', ['nothing was that old', replayed(100), { limitMs: 7_500 }]),
  ...cannotTell('no-replay', ['no client asked', story().phase('over', 5, 12)]),
  ...cannotTell('no-replay', ['not in that phase', replayed(0, 3)]),
])

import { story } from '../history/story.ts'
import { replaysEnded } from './replays-ended.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const complete = { type: 'replay_complete', mode: 'earliest', totalReplayed: 9 }
/** A client that asks at 5 s and is ended at `end`. */
const asked = (end: number) =>
  story()
    .acked(1, 0, 0, 100)
    .opened(5, 2, 'slow')
    .sent(5, 2, 'resume:earliest')
    .delivered(6, 2, 0, 0, 50, { path: 'replay' })
    .closed(end, 2)

judgeCases('replays-ended', replaysEnded, { groups: ['slow'], limitMs: 4_000 }, [
  ...passes('ended', ['given up in time', asked(8)]),
  ...fails(
    'replay-goes-on',
    ['much longer', asked(12)],
    ['whole in the end', asked(14).control(13, 2, complete)],
  ),
  ...cannotTell('too-quick', ['it took no time', asked(8).control(6.5, 2, complete)]),
  ...cannotTell('no-replay', [
    'others asked',
    story().opened(5, 1, 'readers').sent(5, 1, 'resume:earliest'),
  ]),
])

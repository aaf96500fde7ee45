import { story } from '../history/story.ts'
import { newcomersLetIn } from './newcomers-let-in.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

/** So many handshakes broken off in the window 5..10 s; afterwards is 11..12 s. */
const broken = (times: number) => {
  const told = story().phase('broken', 5, 10).phase('after', 11, 12)
  return told.sent(6, 1, 'handshake-aborted', times)
}

judgeCases(
  'newcomers-let-in',
  newcomersLetIn,
  { phase: 'broken', abortedMin: 20, probe: 'probe', afterwards: 'after' },
  [
    ...passes('let-in', ['all who came', broken(20).opened(10.5, 2, 'probe')]),
    ...fails('new-client-refused', [
      'one of them met the limit',
      broken(20).opened(10.5, 2, 'probe').refused(10.6, 'probe', 429),
    ]),
    ...fails('new-client-failed', ['no answer', broken(20).refused(10.5, 'probe', 0)]),
    ...cannotTell('too-little', ['hardly any', broken(19).opened(10.5, 2, 'probe')]),
    ...cannotTell('nothing-exercised', ['nobody tried', broken(20)]),
    ...cannotTell('nothing-exercised', ['others did', broken(20).opened(10.5, 2, 'readers')]),
    ...cannotTell('no-phase', ['no such phase', story().phase('broken', 5, 10)]),
  ],
)

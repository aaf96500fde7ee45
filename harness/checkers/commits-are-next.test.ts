import { story } from '../history/story.ts'
import { commitsAreNext } from './commits-are-next.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

/** A log of a hundred records and an empty one; what was committed when asked at 6 s and at 9 s. */
const committed = (early: number, late: number) =>
  story()
    .phase('quiet', 5, 10)
    .lagtruth(6, { 0: [0, 100, early, true], 1: [0, 0, -1, true] })
    .lagtruth(9, { 0: [0, 100, late, true], 1: [0, 0, -1, true] })

judgeCases('commits-are-next', commitsAreNext, { phase: 'quiet' }, [
  ...passes('next', ['in the end', committed(90, 100)], ['all the time', committed(100, 100)]),
  ...fails(
    'commit-behind',
    ['the last record instead of the next', committed(99, 99)],
    ['nothing at all', committed(-1, -1)],
  ),
  ...fails('commit-ahead', ['what was never read', committed(100, 101)]),
  ...cannotTell('nothing-exercised', [
    'no records',
    story().phase('quiet', 5, 10).lagtruth(9, { 0: [0, 0, -1, true] }),
  ]),
  ...cannotTell('not-asked', [
    'nobody asked in time',
    story().phase('quiet', 5, 10).lagtruth(4, { 0: [0, 100, 100, true] }),
  ]),
  ...cannotTell('no-phase', ['no such phase', story()]),
])

import { story } from '../history/story-testbed.ts'
import { commitsNextOffset } from './commits-next-offset.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** A log of a hundred records and an empty one; what was committed when asked at 6 s and at 9 s. */
const committed = (early: number, late: number, clientsHave = 100) =>
  story()
    .opened(0, 1)
    .acked(1, 0, 0, 100)
    .delivered(1.1, 1, 0, 0, clientsHave)
    .phase('quiet', 5, 10)
    .lagtruth(2, { 0: [0, 100, 0, true], 1: [0, 0, -1, true] })
    .lagtruth(6, { 0: [0, 100, early, true], 1: [0, 0, -1, true] })
    .lagtruth(9, { 0: [0, 100, late, true], 1: [0, 0, -1, true] })

/** The member that was killed is still waited for when the broker is asked last. */
const rebalancing = () =>
  committed(36, 36, 36).lagtruth(9.5, { 0: [0, 100, 36, false] }, 'PreparingRebalance')

/** The group settles with the new member at 8 s only, which then has one second to commit. */
const justSettled = () =>
  committed(100, 50)
    .lagtruth(7.5, { 0: [0, 100, 50, false] }, 'PreparingRebalance')
    .lagtruth(8, { 0: [0, 100, 50, true] })

judgeCases('commits-next-offset', commitsNextOffset, { phase: 'quiet', commitIntervalMs: 500 }, [
  ...passes('next', ['in the end', committed(90, 100)], ['all the time', committed(100, 100)]),
  ...passes('next', [
    'although a replay came just now',
    committed(100, 100).delivered(8.9, 1, 0, 0, 100, { path: 'replay' }),
  ]),
  ...passes('next', [
    'the last record is malformed, and no client is owed it',
    committed(100, 101).acked(1, 0, 100, 1, { malformed: { 100: 'garbage' } })
      .lagtruth(9.5, { 0: [0, 101, 101, true] }),
  ]),
  ...fails(
    'commit-behind',
    ['the last record instead of the next', committed(99, 99)],
    ['nothing at all', committed(-1, -1)],
    [
      'although a replay came just now',
      committed(99, 99).delivered(8.9, 1, 0, 0, 100, { path: 'replay' }),
    ],
  ),
  ...fails(
    'commit-ahead',
    ['what was never read', committed(100, 101)],
    ['and that is the question', committed(100, 101), { asks: 'ahead' }],
  ),
  ...cannotTell('commit-ahead', [
    'where only what comes again is asked for',
    committed(100, 101),
    { asks: 'behind' },
  ]),
  ...passes('next', [
    'too little is committed, and only too much is asked for',
    committed(99, 99),
    { asks: 'ahead' },
  ]),
  ...cannotTell('nothing-committed', [
    'nothing at all, and only too much is asked for',
    committed(-1, -1),
    { asks: 'ahead' },
  ]),
  ...cannotTell('not-read', ['no client had it', committed(36, 36, 36)]),
  ...cannotTell('not-held', ['the group was rebalancing to the end', rebalancing()]),
  ...cannotTell('too-early', [
    'the group has just settled',
    justSettled(),
    { commitIntervalMs: 1_000 },
  ]),
  ...cannotTell('too-early', [
    'the last record has just come',
    committed(99, 99).delivered(8.5, 1, 0, 99, 1),
  ]),
  ...cannotTell('too-early', [
    'its commit interval is unknown: Kafka clients commit every 5 s',
    committed(99, 99).delivered(4, 1, 0, 99, 1),
    { commitIntervalMs: 5_000 },
  ]),
  ...cannotTell('nothing-exercised', [
    'no records',
    story().phase('quiet', 5, 10).lagtruth(9, { 0: [0, 0, -1, true] }),
  ]),
  ...cannotTell('not-asked', [
    'Kafka was not asked in time',
    story().phase('quiet', 5, 10).lagtruth(4, { 0: [0, 100, 100, true] }),
  ]),
  ...cannotTell('no-phase', ['no such phase', story()]),
])

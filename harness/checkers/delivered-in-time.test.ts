import { story } from '../history/story-testbed.ts'
import { deliveredInTime } from './delivered-in-time.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** A hundred records sent at 6 s, in the window 5..10 s, to one client; and some before it. */
const sent = () =>
  story()
    .opened(0, 1)
    .phase('calm', 1, 4)
    .phase('hung', 5, 10)
    .acked(2, 0, 0, 50, { sentAt: 2 })
    .delivered(2.1, 1, 0, 0, 50)
    .acked(6.1, 0, 50, 100, { sentAt: 6 })

judgeCases(
  'delivered-in-time',
  deliveredInTime,
  { groups: ['readers'], phases: ['hung'], before: 'calm', limitMs: 1_000, deliveriesMin: 100 },
  [
    ...passes(
      'in-time',
      ['all of them', sent().delivered(6.5, 1, 0, 50, 100)],
      ['but one in a hundred', sent().delivered(6.5, 1, 0, 50, 99).delivered(9, 1, 0, 149, 1)],
      ['what came before is another matter', sent().delivered(6.5, 1, 0, 0, 150)],
      ['a malformed record is owed to no client', sent()
        .acked(6.1, 1, 0, 9, { sentAt: 6, malformed: { 3: 'garbage' } })
        .delivered(6.5, 1, 0, 50, 100)
        .delivered(6.5, 1, 1, 0, 3)
        .delivered(6.5, 1, 1, 4, 5)],
    ),
    ...fails(
      'delivered-late',
      ['more than that', sent().delivered(6.5, 1, 0, 50, 98).delivered(9, 1, 0, 148, 2)],
      ['some never came', sent().delivered(6.5, 1, 0, 50, 98)],
      [
        'one client gets nothing any more',
        sent().opened(0, 2).delivered(2.1, 2, 0, 0, 50).delivered(6.5, 1, 0, 50, 100),
      ],
    ),
    ...cannotTell('too-little', [
      'hardly any',
      story().opened(0, 1).phase('calm', 1, 4).phase('hung', 5, 10).acked(6, 0, 0, 9)
        .delivered(6, 1, 0, 0, 9),
    ]),
    ...cannotTell(
      'late-before',
      ['one client never got anything', sent().opened(0, 2).delivered(6.5, 1, 0, 50, 100)],
      ['all was late before', sent().acked(3, 1, 0, 90, { sentAt: 3 }).delivered(6, 1, 1, 0, 90)],
    ),
    ...cannotTell('no-phase', ['no such phase', story()]),
  ],
)

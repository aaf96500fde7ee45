import { story, type Story } from '../history/story-testbed.ts'
import { clientsCatchUp } from './clients-catch-up.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** Hundred records at 1 s, a fault from 2 to 5 s, records during it. */
const broken = (): Story =>
  story()
    .opened(0, 1)
    .acked(1, 0, 0, 100)
    .delivered(1.1, 1, 0, 0, 100)
    .acked(3, 0, 100, 50)
    .broken(2, 5, { fault: 'cut', hop: 'kafka' })
    .phase('settle', 10, 20)
    .phase('end', 20, 30)

judgeCases('clients-catch-up', clientsCatchUp, { groups: ['readers'], limitMs: 3_000 }, [
  ...passes('restored', ['within the limit', broken().delivered(6, 1, 0, 100, 50)]),
  ...passes('restored', [
    'a malformed tail is owed to no client',
    broken()
      .acked(4, 0, 150, 1, { malformed: { 150: 'garbage' } })
      .delivered(6, 1, 0, 100, 50),
  ]),
  ...fails('back-too-late', ['after the limit', broken().delivered(9, 1, 0, 100, 50)]),
  ...fails('never-back', ['never', broken()]),
  ...passes('restored', [
    'no client lost a connection that it did not close itself',
    broken().delivered(6, 1, 0, 100, 50).closed(9, 1, 'client'),
    { closesNobody: true },
  ]),
  ...passes('restored', [
    'no client lost a connection, and they were back too late',
    broken().delivered(9, 1, 0, 100, 50),
    { closesNobody: true },
  ]),
  ...fails(
    'closed-meanwhile',
    [
      'it was back in time, on another connection',
      broken().closed(4, 1).opened(4.5, 1).delivered(6, 1, 0, 100, 50),
      { closesNobody: true },
    ],
    ['it was closed at the end', broken().delivered(6, 1, 0, 100, 50).closed(9, 1, 'network'), {
      closesNobody: true,
    }],
  ),
  ...cannotTell('no-fault', ['nothing was broken', story().acked(1, 0, 0, 1)]),
  ...cannotTell('not-healed', [
    'never healed',
    story().opened(0, 1).acked(1, 0, 0, 1).fault(2, 'a', 'inject', { fault: 'cut' }),
  ]),
  ...cannotTell('nothing-exercised', ['no such clients', broken(), { groups: ['others'] }]),
])

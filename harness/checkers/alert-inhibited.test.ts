import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { alertInhibited } from './alert-inhibited.ts'

const run = (): Story =>
  story()
    .watched(0, 'begin', ['High', 'Critical'])
    .phase('outage', 10, 40)
    .phase('settle', 40, 60)
    .watched(60, 'end')
const both = () =>
  run()
    .alert(15, 'High', 'firing')
    .alert(16, 'Critical', 'firing')
    .notified(17, 'page', 'Critical')
    .alert(45, 'High', 'inactive')
    .alert(46, 'Critical', 'inactive')

judgeCases(
  'alert-inhibited',
  alertInhibited,
  { alert: 'High', by: 'Critical', phase: 'outage' },
  [
    ...passes(
      'inhibited',
      ['nobody is told of it', both()],
      ['told before the other fires', both().notified(15.5, 'ticket', 'High')],
    ),
    ...fails('not-inhibited', ['told as well', both().notified(18, 'ticket', 'High')]),
    ...cannotTell(
      'not-both',
      ['neither fires', run()],
      ['one does not fire', run().alert(15, 'High', 'firing').notified(16, 'ticket', 'High')],
      [
        'one after the other',
        run()
          .alert(15, 'High', 'firing')
          .alert(20, 'High', 'inactive')
          .alert(21, 'Critical', 'firing'),
      ],
    ),
    ...cannotTell('no-monitoring', ['not watched', story().phase('outage', 10, 40)]),
    ...cannotTell('no-phase', ['ended before', story().watched(0, 'begin')]),
    ...cannotTell('not-watched', ['a gap', both().watched(20, 'lost').watched(30, 'back')]),
  ],
)

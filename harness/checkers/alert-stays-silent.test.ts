import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { alertStaysSilent } from './alert-stays-silent.ts'

const watched = (rules: readonly string[] = ['Stuck', 'Silent']): Story =>
  story().watched(0, 'begin', rules).phase('idle', 10, 40).phase('later', 45, 60)
const ended = (told: Story) => told.watched(60, 'end')

judgeCases(
  'alert-stays-silent',
  alertStaysSilent,
  { alerts: ['Stuck'], receiver: 'page', phases: ['idle'] },
  [
    ...passes(
      'silent',
      ['nothing', ended(watched())],
      ['pending is not firing', ended(watched().alert(20, 'Stuck', 'pending'))],
      [
        'another one',
        ended(watched().alert(20, 'Silent', 'firing').notified(21, 'ticket', 'Silent')),
      ],
      [
        'in another phase',
        ended(watched().alert(50, 'Stuck', 'firing').notified(51, 'page', 'Stuck')),
      ],
      ['its end is no news', ended(watched().notified(12, 'page', 'Stuck', 'resolved'))],
    ),
    ...fails(
      'fired',
      ['it fires', ended(watched().alert(20, 'Stuck', 'firing').alert(25, 'Stuck', 'inactive'))],
      ['since before', ended(watched().alert(5, 'Stuck', 'firing').alert(12, 'Stuck', 'inactive'))],
    ),
    ...fails('notified', [
      'another pages',
      ended(watched().alert(20, 'Silent', 'firing').notified(22, 'page', 'Silent')),
    ]),
    ...cannotTell('rule-missing', ['the rule is not there', ended(watched(['Silent']))]),
    ...cannotTell('no-monitoring', ['not watched', story().phase('idle', 10, 40)]),
    ...cannotTell('no-phase', ['ended before', story().watched(0, 'begin', ['Stuck'])]),
    ...cannotTell(
      'not-watched',
      ['a gap', ended(watched().watched(20, 'lost').watched(30, 'back'))],
      ['ended in it', watched().watched(30, 'end')],
    ),
  ],
)

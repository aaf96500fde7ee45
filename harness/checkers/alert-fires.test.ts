import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { alertFires } from './alert-fires.ts'

interface Told {
  readonly pending?: number
  readonly fires?: number
  readonly ends?: number
  readonly notified?: number
  readonly receiver?: string
  readonly rules?: readonly string[]
  readonly until?: number
}

/** The phase lasts from 10 to 30 s, its fault from 9 to 31 s; Prometheus is watched until 60 s. */
function run(told: Told = {}): Story {
  const { pending = 12, fires = 20, ends = 35, notified = fires + 2, until = 60 } = told
  const { receiver = 'page', rules = ['Watchdog', 'Outage'] } = told
  const one = story()
    .watched(0, 'begin', rules)
    .phase('outage', 10, 30)
    .fault(9, 'outage/0-cut', 'inject', { fault: 'cut', hop: 'kafka' })
    .fault(9.5, 'outage/0-cut', 'active')
    .fault(31, 'outage/0-cut', 'heal')
  if (pending < until) one.alert(pending, 'Outage', 'pending')
  if (fires < until) one.alert(fires, 'Outage', 'firing')
  if (notified < until) one.notified(notified, receiver, 'Outage')
  if (ends < until) {
    one.alert(ends, 'Outage', 'inactive').notified(ends + 1, receiver, 'Outage', 'resolved')
  }
  return one.watched(until, 'end').phase('settle', 40, until)
}
const never = 1_000

judgeCases(
  'alert-fires',
  alertFires,
  { alert: 'Outage', phase: 'outage', withinMs: 15_000, clearsWithinMs: 10_000, receiver: 'page' },
  [
    ...passes(
      'fired',
      ['in its time', run()],
      ['as late as it may', run({ fires: 26 })],
      ['another fires as well', run().alert(15, 'Other', 'firing').notified(16, 'ticket', 'Other')],
      [
        'of two partitions',
        run()
          .alert(21, 'Outage', 'firing', { partition: '1' })
          .alert(36, 'Outage', 'inactive', { partition: '1' }),
      ],
    ),
    ...fails('rule-missing', [
      'no such rule',
      run({ rules: ['Watchdog'], pending: never, fires: never, ends: never, notified: never }),
    ]),
    ...fails(
      'fires-early',
      ['before the fault', run({ pending: 2, fires: 5 })],
      ['long before, and again', run().alert(3, 'Outage', 'firing').alert(4, 'Outage', 'inactive')],
    ),
    ...fails('fires-late', ['too late', run({ fires: 27 })]),
    ...fails(
      'never-fires',
      ['not even pending', run({ pending: never, fires: never, ends: never, notified: never })],
      ['pending only', run({ fires: never, notified: never })],
    ),
    ...fails(
      'stays',
      ['ends too late', run({ ends: 44 })],
      ['until the end', run({ ends: never })],
    ),
    ...fails(
      'not-notified',
      ['nobody', run({ notified: never })],
      ['too late', run({ notified: 33 })],
      ['another receiver', run({ receiver: 'ticket' })],
    ),
    ...fails('notified-elsewhere', ['two receivers', run().notified(23, 'ticket', 'Outage')]),
    ...cannotTell('no-monitoring', ['not watched', story().phase('outage', 10, 30)]),
    ...cannotTell('no-phase', ['ended before', story().watched(0, 'begin', ['Outage'])]),
    ...cannotTell(
      'not-watched',
      [
        'a gap when it must fire',
        run({ fires: never, notified: never }).watched(14, 'lost').watched(25, 'back'),
      ],
      ['the run ends before its end is due', run({ ends: never, until: 40 })],
    ),
    ...cannotTell('not-ended', [
      'a fault that was never healed',
      story()
        .watched(0, 'begin', ['Outage'])
        .phase('outage', 10, 30)
        .fault(9, 'outage/0-cut', 'inject', { fault: 'cut', hop: 'kafka' })
        .alert(20, 'Outage', 'firing')
        .notified(21, 'page', 'Outage')
        .watched(60, 'end'),
    ]),
  ],
)

judgeCases(
  'alert-fires for good',
  alertFires,
  { alert: 'Outage', phase: 'outage', withinMs: 15_000, receiver: 'page' },
  [
    ...passes('fired', ['its cause does not end', run({ ends: never })]),
    ...fails('fires-late', ['too late all the same', run({ fires: 27, ends: never })]),
  ],
)

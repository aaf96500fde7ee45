/** What is no trouble must not fire: these alerts, or whatever notifies this receiver. */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import { conclude, many, seconds, type Doubt, type Violation } from './reading/conclude.ts'
import { name, names, phaseRefs, type OptionsOf } from './options.ts'
import {
  alertsWatchOf,
  causeOf,
  overlaps,
  sayMissing,
  timesOf,
  unwatched,
  type AlertsWatch,
  type Cause,
} from './reading/alerts.ts'

const schema = z
  .strictObject({
    /** Alerts that must not fire. */
    alerts: names.exactOptional(),
    /** A receiver that must not be notified of anything that fires. */
    receiver: name.exactOptional(),
    /** When: in each of these phases, until its faults are healed. */
    phases: phaseRefs,
  })
  .refine(({ alerts, receiver }) => alerts !== undefined || receiver !== undefined, {
    message: 'wants alerts, or a receiver',
  })
type AlertStaysSilentOptions = OptionsOf<typeof schema>

export const alertStaysSilent = checker({
  says: 'What is no trouble fires no alert and notifies no receiver.',
  options: schema,
  judge(history, options) {
    const watch = alertsWatchOf(history)
    if ('verdict' in watch) return watch
    const causes: Cause[] = []
    for (const phase of options.phases) {
      const cause = causeOf(history, phase)
      if ('verdict' in cause) return cause
      causes.push(cause)
    }
    const { alerts = [], receiver } = options
    const judged = causes.reduce((sum, { begin, end }) => sum + end - begin, 0)
    const where = options.phases.join(', ')
    const who = [
      ...(alerts.length > 0 ? [`${alerts.join(' and ')} did not fire`] : []),
      ...(receiver === undefined ? [] : [`receiver ${receiver} was not notified`]),
    ]
    return conclude({
      violations: [
        ...alerts.flatMap((alert) => fired(history, alert, causes, watch.end)),
        ...notified(history, options, causes),
      ],
      doubts: [
        ...alerts.map((alert) => notLoaded(alert, watch)),
        ...causes.map((cause) => unwatched(watch, cause)),
      ],
      holds: { rule: 'silent', says: `${who.join(', and ')} in ${seconds(judged)} of ${where}.` },
      exercised: Math.floor(judged / 1e6),
      counted: 'seconds in which Prometheus was watched',
      evidence: { judgedMs: Math.round(judged / 1_000), rules: watch.rules.length },
    })
  },
})

function fired(
  history: History,
  alert: string,
  causes: readonly Cause[],
  end: Micros,
): Violation[] {
  const firing = timesOf(history, alert, 'firing', end)
  return causes.flatMap((cause) => {
    const loud = firing.find((one) => overlaps(one, cause))
    if (loud === undefined) return []
    const after = seconds(Math.max(0, loud.begin - cause.begin))
    const says =
      `${alert} must not fire in ${cause.name}; it fired ${after} after that began, ` +
      `for ${seconds(loud.end - loud.begin)}.`
    return [{ rule: 'fired', says, at: Math.max(loud.begin, cause.begin) }]
  })
}

function notified(
  history: History,
  { receiver }: AlertStaysSilentOptions,
  causes: readonly Cause[],
): Violation[] {
  if (receiver === undefined) return []
  const all = history
    .events('notified')
    .filter((one) => one.receiver === receiver && one.status === 'firing')
  return causes.flatMap((cause) => {
    const own = all.filter(({ t }) => t >= cause.begin && t <= cause.end)
    const [first] = own
    if (first === undefined) return []
    const alerts = [...new Set(own.map(({ alert }) => alert))].join(', ')
    const says =
      `Receiver ${receiver} must not be notified in ${cause.name}; it was, ` +
      `${many(own.length, 'time')}, of ${alerts}.`
    return [{ rule: 'notified', says, at: first.t }]
  })
}

/** The silence of a rule that is not there says nothing. */
const notLoaded = (alert: string, watch: AlertsWatch): Doubt | undefined =>
  watch.rules.includes(alert)
    ? undefined
    : { rule: 'rule-missing', says: sayMissing(alert, watch), fix: 'see which rules were loaded' }

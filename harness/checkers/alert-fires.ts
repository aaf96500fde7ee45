/**
 * An alert is a claim: it fires within its time after its cause begins and not before, exactly its
 * receiver is notified, and it ends within its time after its cause.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import { conclude, many, seconds, type Doubt, type Violation } from './reading/conclude.ts'
import { milliseconds, name, phaseRef, type OptionsOf } from './options.ts'
import {
  alertsWatchOf,
  causeOf,
  notificationsOf,
  sayMissing,
  timesOf,
  unwatched,
  type AlertsWatch,
  type Cause,
} from './reading/alerts.ts'

const { alertChangeSeenLateMs } = tolerances
/** Alertmanager groups before it sends. */
const notifiedWithinMsDefault = 10_000

const schema = z.strictObject({
  alert: name,
  /** The phase that causes it, with its faults. */
  phase: phaseRef,
  /** From the beginning of the cause until it must fire. */
  withinMs: milliseconds,
  /** From the end of the cause until it must have ended; default: it need not. */
  clearsWithinMs: milliseconds.exactOptional(),
  /** The receiver that must be notified, and no other. */
  receiver: name,
  /** From its firing until the receiver must be notified; default 10 s. */
  notifiedWithinMs: milliseconds.exactOptional(),
})
type AlertFiresOptions = OptionsOf<typeof schema>

export const alertFires = checker({
  says: 'An alert fires in its time, notifies its receiver and no other, and ends in its time.',
  restsOn: ['times'],
  options: schema,
  judge(history, options) {
    const watch = alertsWatchOf(history)
    if ('verdict' in watch) return watch
    const cause = causeOf(history, options.phase)
    if ('verdict' in cause) return cause
    const judged = judgedOf(history, options, watch, cause)
    const { first, notified, limits, ended } = judged
    const after = first === undefined ? undefined : first.begin - cause.begin
    return conclude({
      violations: [
        ...missing(judged),
        ...early(judged),
        ...late(judged),
        ...stays(judged),
        ...notNotified(judged),
        ...notifiedElsewhere(judged),
      ],
      doubts: [
        cause.hasEnded ? undefined : notEnded(cause),
        unwatched(watch, { begin: cause.begin, end: first?.begin ?? limits.fired }),
        limits.cleared === Infinity
          ? undefined
          : unwatched(watch, { begin: cause.begin, end: ended ?? limits.cleared }),
      ],
      holds: { rule: 'fired', says: holdsText(judged) },
      exercised: judged.changes + notified.length,
      counted: 'changes of the alert and notifications',
      evidence: {
        firedAfterMs: inMs(after),
        clearedAfterMs: inMs(ended === undefined ? undefined : ended - cause.end),
        notifications: notified.length,
        receivers: [...new Set(notified.map(({ receiver }) => receiver))].join(', '),
      },
    })
  },
})

const inMs = (micros: Micros | undefined) =>
  micros === undefined ? null : Math.round(micros / 1_000)

interface Judged {
  readonly options: AlertFiresOptions
  readonly watch: AlertsWatch
  readonly cause: Cause
  readonly firing: readonly Window[]
  /** The first firing that is not before the cause. */
  readonly first: Window | undefined
  /** When it fired last: the end of that; undefined where it fires until the end of the watch. */
  readonly ended: Micros | undefined
  readonly pendingSince: Micros | undefined
  readonly notified: ReturnType<typeof notificationsOf>
  readonly changes: number
  readonly limits: { readonly fired: Micros; readonly cleared: Micros }
}

function judgedOf(
  history: History,
  options: AlertFiresOptions,
  watch: AlertsWatch,
  cause: Cause,
): Judged {
  const { alert, withinMs, clearsWithinMs = Infinity } = options
  const firing = timesOf(history, alert, 'firing', watch.end)
  const first = firing.find(({ begin }) => begin >= cause.begin)
  const last = first === undefined ? undefined : (firing.at(-1) ?? first)
  const pending = timesOf(history, alert, 'pending', watch.end)
  return {
    options,
    watch,
    cause,
    firing,
    first,
    ended: last === undefined || last.end >= watch.end ? undefined : last.end,
    pendingSince: pending.find(({ end }) => end >= cause.begin)?.begin,
    notified: notificationsOf(history, alert),
    changes: history.events('alert').filter((one) => one.alert === alert).length,
    limits: {
      fired: cause.begin + (withinMs + alertChangeSeenLateMs) * 1_000,
      cleared: cause.end + (clearsWithinMs + alertChangeSeenLateMs) * 1_000,
    },
  }
}

function missing({ options: { alert }, watch }: Judged): Violation[] {
  if (watch.rules.includes(alert)) return []
  return [{ rule: 'rule-missing', says: sayMissing(alert, watch), at: watch.begin }]
}

function early({ options: { alert, phase }, cause, firing }: Judged): Violation[] {
  const premature = firing.find(({ begin }) => begin < cause.begin)
  if (premature === undefined) return []
  const before = seconds(cause.begin - premature.begin)
  const says = `${alert} must not fire before ${phase} begins; it fired ${before} before.`
  return [{ rule: 'fires-early', says, at: premature.begin }]
}

function late({ options, cause, first, limits, pendingSince, watch, firing }: Judged): Violation[] {
  const { alert, phase } = options
  if (firing.some(({ begin }) => begin < cause.begin)) return []
  if (unwatched(watch, { begin: cause.begin, end: limits.fired }) !== undefined) return []
  const limit = seconds(limits.fired - cause.begin)
  const must = `${alert} must fire within ${limit} after ${phase} begins`
  if (first !== undefined) {
    if (first.begin <= limits.fired) return []
    const says = `${must}; it fired after ${seconds(first.begin - cause.begin)}.`
    return [{ rule: 'fires-late', says, at: limits.fired }]
  }
  if (!watch.rules.includes(alert)) return []
  const since = seconds(Math.max(0, (pendingSince ?? 0) - cause.begin))
  const found =
    pendingSince === undefined
      ? 'it was not even pending'
      : `it was pending from ${since} on, and never fired`
  return [{ rule: 'never-fires', says: `${must}; ${found}.`, at: limits.fired }]
}

function stays({ options: { alert, phase }, cause, first, ended, limits, watch }: Judged) {
  if (first === undefined || !cause.hasEnded || limits.cleared === Infinity) return []
  if (unwatched(watch, { begin: cause.end, end: limits.cleared }) !== undefined) return []
  const must =
    `${alert} must end within ${seconds(limits.cleared - cause.end)} after ${phase} and its faults`
  if (ended !== undefined) {
    if (ended <= limits.cleared) return []
    const says = `${must}; it ended after ${seconds(ended - cause.end)}.`
    return [{ rule: 'stays', says, at: limits.cleared }]
  }
  const says = `${must}; it still fires ${seconds(watch.end - cause.end)} after.`
  return [{ rule: 'stays', says, at: limits.cleared }]
}

function notNotified({ options, first, notified, watch }: Judged): Violation[] {
  const { alert, receiver, notifiedWithinMs = notifiedWithinMsDefault } = options
  if (first === undefined) return []
  const due = first.begin + (notifiedWithinMs + alertChangeSeenLateMs) * 1_000
  const came = notified.find((one) => one.receiver === receiver && one.status === 'firing')
  const limit = seconds(due - first.begin)
  const must = `Receiver ${receiver} must be notified of ${alert} within ${limit} after it fires`
  if (came === undefined) {
    if (watch.end < due) return []
    return [{ rule: 'not-notified', says: `${must}; it was not.`, at: due }]
  }
  if (came.t <= due) return []
  const says = `${must}; it was after ${seconds(came.t - first.begin)}.`
  return [{ rule: 'not-notified', says, at: due }]
}

function notifiedElsewhere({ options: { alert, receiver }, notified }: Judged): Violation[] {
  const others = notified.filter((one) => one.receiver !== receiver)
  const [first] = others
  if (first === undefined) return []
  const says =
    `Only receiver ${receiver} must be notified of ${alert}; ${first.receiver} was, ` +
    `${many(others.length, 'time')}.`
  return [{ rule: 'notified-elsewhere', says, at: first.t }]
}

const notEnded = ({ name: phase }: Cause): Doubt => ({
  rule: 'not-ended',
  says: `The end of ${phase} or of its faults is not in the history.`,
  fix: 'see where the run ended',
})

function holdsText({ options, cause, first, ended, limits }: Judged): string {
  const { alert, receiver, phase } = options
  const fired = seconds((first?.begin ?? 0) - cause.begin)
  const cleared = seconds(Math.max(0, (ended ?? 0) - cause.end))
  const began =
    `${alert} fired ${fired} after ${phase} began (limit ${seconds(limits.fired - cause.begin)})`
  const notified = `notified ${receiver} and no other receiver`
  if (limits.cleared === Infinity) return `${began}, and ${notified}.`
  const limit = seconds(limits.cleared - cause.end)
  return `${began}, ${notified}, and ended ${cleared} after it (limit ${limit}).`
}

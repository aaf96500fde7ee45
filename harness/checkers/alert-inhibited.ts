/** One cause notifies once: while the alert that says it best fires, no other one notifies. */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import { checker } from './checker.ts'
import { conclude, many, seconds, type Doubt, type Violation } from './reading/conclude.ts'
import { name, phaseRef } from './options.ts'
import {
  alertsWatchOf,
  causeOf,
  notificationsOf,
  overlaps,
  timesOf,
  unwatched,
} from './reading/alerts.ts'

const schema = z.strictObject({
  alert: name,
  /** The alert that inhibits it. */
  by: name,
  /** The phase that causes both. */
  phase: phaseRef,
})

export const alertInhibited = checker({
  says: 'No receiver is notified of an alert while the alert that inhibits it fires.',
  options: schema,
  judge(history, { alert, by, phase }) {
    const watch = alertsWatchOf(history)
    if ('verdict' in watch) return watch
    const cause = causeOf(history, phase)
    if ('verdict' in cause) return cause
    const own = timesOf(history, alert, 'firing', watch.end)
    const inhibiting = timesOf(history, by, 'firing', watch.end)
    const both = own.flatMap((one) =>
      inhibiting
        .filter((other) => overlaps(one, other) && overlaps(one, cause) && overlaps(other, cause))
        .map((other) => ({
          begin: Math.max(one.begin, other.begin),
          end: Math.min(one.end, other.end),
        })),
    )
    const bothMicros = both.reduce((sum, { begin, end }) => sum + end - begin, 0)
    const notified = notificationsOf(history, alert).filter(
      ({ t, status }) =>
        status === 'firing' && both.some(({ begin, end }) => t >= begin && t <= end),
    )
    const fired = { own: own.length > 0, by: inhibiting.length > 0 }
    return conclude({
      violations: notificationViolations(notified, alert, by),
      doubts: [
        unwatched(watch, cause),
        bothMicros === 0 ? notBoth(alert, by, fired, phase) : undefined,
      ],
      holds: {
        rule: 'inhibited',
        says:
          `${alert} and ${by} both fired for ${seconds(bothMicros)}; no receiver was notified of ` +
          `${alert} then.`,
      },
      exercised: both.length,
      counted: 'times at which both fired',
      evidence: { bothMs: Math.round(bothMicros / 1_000), notifications: notified.length },
    })
  },
})

function notificationViolations(
  notified: readonly { readonly t: Micros; readonly receiver: string }[],
  alert: string,
  by: string,
): Violation[] {
  const [first] = notified
  if (first === undefined) return []
  const receivers = [...new Set(notified.map(({ receiver }) => receiver))].join(', ')
  const says =
    `No receiver must be notified of ${alert} while ${by} fires; ${receivers} was, ` +
    `${many(notified.length, 'time')}.`
  return [{ rule: 'not-inhibited', says, at: first.t }]
}

function notBoth(
  alert: string,
  by: string,
  fired: { readonly own: boolean; readonly by: boolean },
  phase: string,
): Doubt {
  const silent = [...(fired.own ? [] : [alert]), ...(fired.by ? [] : [by])]
  const found =
    silent.length === 0 ? 'they did not fire at the same time' : `${silent.join(' and ')} did not`
  return {
    rule: 'not-both',
    says: `${alert} and ${by} must both fire in ${phase} to judge their inhibition; ${found}.`,
    fix: 'make the cause last longer',
  }
}

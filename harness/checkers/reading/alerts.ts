/** Alerts of a run: when each was pending and fired, who was notified, and when nobody looked. */
import type { AlertState, Micros, Notified } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Window } from '../../history/windows.ts'
import type { Judgement } from '../checker.ts'
import { cannotTell, many, seconds, type Doubt } from './conclude.ts'

/** How Prometheus was watched. */
export interface AlertsWatch {
  /** Names of the rules that it had loaded. */
  readonly rules: readonly string[]
  readonly begin: Micros
  readonly end: Micros
  /** When it did not answer. */
  readonly gaps: readonly Window[]
}

/** The phase in which an alert is caused, with the faults of that phase. */
export interface Cause extends Window {
  readonly name: string
  /** Whether the end was seen of the phase and all of its faults. */
  readonly hasEnded: boolean
}

/** @returns `unknown` where no alerts were watched */
export function alertsWatchOf(history: History): AlertsWatch | Judgement {
  const events = history.events('alertwatch')
  const begin = events.find(({ edge }) => edge === 'begin')
  if (begin === undefined) {
    const fix = 'see why Prometheus did not start: logs/prometheus.log of the run'
    return cannotTell('no-monitoring', 'No Prometheus watched this run.', fix)
  }
  const end = events.findLast(({ edge }) => edge === 'end')?.t ?? history.end
  const gaps = events
    .filter(({ edge }) => edge === 'lost')
    .map(({ t }) => ({
      begin: t,
      end: events.find((later) => later.edge === 'back' && later.t >= t)?.t ?? end,
    }))
  return { rules: begin.rules, begin: begin.t, end, gaps }
}

/** @returns `unknown` where the phase did not run */
export function causeOf(history: History, name: string): Cause | Judgement {
  const phase = history.phases.find((one) => one.name === name)
  if (phase === undefined) {
    return cannotTell('no-phase', `Phase ${name} did not run.`, 'see where the run ended')
  }
  const faults = history.faults.filter(({ id }) => id.startsWith(`${name}/`))
  return {
    name,
    begin: Math.min(phase.begin, ...faults.map(({ begin }) => begin)),
    end: Math.max(phase.end, ...faults.map(({ end }) => end)),
    hasEnded: phase.hasEnded && faults.every(({ healedAt }) => healedAt !== undefined),
  }
}

const byName = ([one]: [string, string], [other]: [string, string]) => (one < other ? -1 : 1)
const keyOf = ({ labels }: AlertState) => JSON.stringify(Object.entries(labels).toSorted(byName))

/** When at least one alert of this name had the state. */
export function timesOf(
  history: History,
  alert: string,
  state: AlertState['state'],
  end: Micros,
): Window[] {
  const windows: Window[] = []
  const having = new Set<string>()
  let since: Micros | undefined
  for (const event of history.events('alert').filter((one) => one.alert === alert)) {
    if (event.state === state) having.add(keyOf(event))
    else having.delete(keyOf(event))
    if (having.size > 0) since ??= event.t
    else if (since !== undefined) {
      windows.push({ begin: since, end: event.t })
      since = undefined
    }
  }
  if (since !== undefined) windows.push({ begin: since, end: Math.max(since, end) })
  return windows
}

export const notificationsOf = (history: History, alert: string): readonly Notified[] =>
  history.events('notified').filter((one) => one.alert === alert)

export const overlaps = (one: Window, other: Window): boolean =>
  one.begin < other.end && other.begin < one.end

/** Where nobody looked at Prometheus in a window that is judged. */
export function unwatched({ gaps, begin, end }: AlertsWatch, window: Window): Doubt | undefined {
  const fix = 'see logs/prometheus.log of the run, and repeat it'
  const gap = gaps.find((one) => overlaps(one, window))
  if (gap !== undefined) {
    const says = `Prometheus did not answer for ${seconds(gap.end - gap.begin)} of the time judged.`
    return { rule: 'not-watched', says, fix }
  }
  const missing = Math.max(0, begin - window.begin) + Math.max(0, window.end - end)
  if (missing === 0) return undefined
  const says = `Prometheus was not watched in ${seconds(missing)} of the time judged.`
  return { rule: 'not-watched', says, fix: 'let the last phase of the scenario last longer' }
}

/** That Prometheus has no such rule, as a sentence. */
export const sayMissing = (alert: string, { rules }: AlertsWatch): string =>
  `Prometheus must have a rule ${alert}; it has ${many(rules.length, 'rule')}, none of that name.`

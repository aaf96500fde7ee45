/** Silence is not a failure: a relay without records must not be restarted for it. */
import { z } from 'zod'
import type { Health } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many, seconds, type Violation } from './reading/conclude.ts'
import { phaseRef } from './options.ts'

const { ackedLateMicros } = tolerances

const schema = z.strictObject({
  /** A window without records and without faults. */
  phase: phaseRef,
})

const okStatus = 200
const wellStatuses = new Set(['healthy', 'waiting'])

export const idleIsHealthy = checker({
  says: 'An idle relay is reported healthy.',
  options: schema,
  judge(history, { phase: phaseName }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) {
      const fix = 'see where the run ended'
      return cannotTell('no-phase', `Phase ${phaseName} did not run.`, fix)
    }
    const window = { begin: phase.begin + ackedLateMicros, end: phase.end }
    if (window.end <= window.begin) {
      const says =
        `Phase ${phaseName} lasted ${seconds(phase.end - phase.begin)}, and its first ` +
        `${seconds(ackedLateMicros)} do not count.`
      return cannotTell('too-short', says, 'see where the run ended')
    }
    const records = ackedWithin(history, window)
    const polls = history.events('health').filter(([, t]) => t >= window.begin && t <= window.end)
    if (polls.length === 0) {
      const fix = 'see why GET /health was not asked in the phase, and repeat the run'
      return cannotTell('no-health', `GET /health was never asked during ${phaseName}.`, fix)
    }
    const known = alertsBefore(history, phase.begin)
    const exits = history
      .events('process')
      .filter(({ t, role, edge }) => role === 'relay' && edge === 'exit' && isIn(t, window))
    return conclude({
      violations: [
        ...exits.map(({ t: at, code, signal }) => ({
          rule: 'process-ended',
          says: `The relay exited with ${signal ?? `code ${code}`} while it was idle.`,
          at,
        })),
        ...counted(polls.flatMap((poll) => complaints(poll, known)), polls.length),
      ],
      doubts: [
        records > 0
          ? {
              rule: 'not-idle',
              says: `${many(records, 'record')} reached Kafka during the silence.`,
              fix: 'let nothing else write to the topic, and repeat the run',
            }
          : undefined,
      ],
      holds: {
        rule: 'called-well',
        says:
          `In ${seconds(window.end - window.begin)} without records /health answered ` +
          `${saidOf(polls)} in all ${many(polls.length, 'poll')}, without a new alert.`,
      },
      exercised: polls.length,
      counted: 'answers of /health',
      evidence: { polls: polls.length, records, silenceMs: (window.end - window.begin) / 1_000 },
    })
  },
})

/** Alerts of earlier problems, without their numbers: that they stay is another finding. */
function alertsBefore(history: History, t: number): ReadonlySet<string> {
  const last = history.events('health').findLast((poll) => poll[1] <= t && poll[4] !== null)
  return new Set(alertsOf(last?.[4] ?? {}).map(withoutNumbers))
}

const withoutNumbers = (alert: string): string => alert.replaceAll(/[\d.]+/g, '#')

/** The words of healthy answers, such as "200 healthy or waiting". */
function saidOf(polls: readonly Health[]): string {
  const words = new Set(polls.map(([, , , , body]) => String(body?.['status'])))
  return `${okStatus} ${[...words].join(' or ')}`
}

/** Each with how often the same was found. */
function counted(found: readonly Violation[], polls: number): Violation[] {
  return found.map(({ rule, says, at }) => {
    const times = found.filter((one) => one.rule === rule).length
    return { rule, says: `${says} (${times} of ${polls} requests).`, at }
  })
}

function alertsOf(body: Record<string, unknown>): readonly string[] {
  const { alert = null } = body
  if (alert === null) return []
  const text = typeof alert === 'string' ? alert : JSON.stringify(alert)
  return text.split(' | ')
}

function complaints(
  [, at, , status, body]: Health,
  known: ReadonlySet<string>,
): Violation[] {
  if (status === 0) {
    return [{ rule: 'health-unanswered', says: 'During silence /health gave no answer', at }]
  }
  const found: Violation[] = []
  const word = body?.['status']
  if (typeof word !== 'string' || !wellStatuses.has(word)) {
    const says = `During silence /health must be healthy or waiting; it was ${String(word)}`
    found.push({ rule: 'called-broken', says, at })
  }
  if (status !== okStatus) {
    const says = `During silence /health must answer 200; it answered ${status}`
    found.push({ rule: 'not-ready', says, at })
  }
  const fresh = alertsOf(body ?? {}).find((alert) => !known.has(withoutNumbers(alert)))
  if (fresh !== undefined) {
    const says = `During silence there must be no new alert; it was "${fresh}"`
    found.push({ rule: 'alert-while-idle', says, at })
  }
  return found
}

const isIn = (t: number, { begin, end }: Window): boolean => t >= begin && t <= end

function ackedWithin(history: History, window: Window): number {
  let records = 0
  for (const { sentAt } of history.stream().records.values()) {
    for (const t of sentAt) if (isIn(t, window)) records += 1
  }
  return records
}

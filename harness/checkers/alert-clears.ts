/**
 * A warning is about the present: it must appear with a problem and clear when the window has
 * passed, while the lifetime counter keeps its value. The relay's own counter times the problem.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Reading } from '../history/readings.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { metricOf, signalNames } from '../history/signals.ts'
import { checker, type Series } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  notApplicable,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { milliseconds, name, phaseRef, type OptionsOf } from './options.ts'
import { points, riseWithin, seriesOf, valueAt, type Point } from './reading/series.ts'

const { alertEndSeenLateMs, windowEdgeMicros } = tolerances

const schema = z.strictObject({
  /** The lifetime counter whose rise is the problem, such as `droppedTotal`. */
  trouble: z.enum(signalNames),
  /** The phase in which the problem is caused. */
  phase: phaseRef,
  /** Text that marks the warning within the alert; default is any alert at all. */
  alert: name.exactOptional(),
  /** For how long the target keeps a warning. */
  windowMs: milliseconds,
  /** Slack for clearing; default 3 s. */
  slackMs: milliseconds.exactOptional(),
  /** Rise within the window above which a warning is due; default 10. */
  above: z.number().nonnegative().exactOptional(),
})
type AlertClearsOptions = OptionsOf<typeof schema>

const aboveDefault = 10
/** Polls after the window that must all be without a warning. */
const laterPollsMin = 2
/** Statuses of /health that mean broken. */
const brokenStatuses = new Set(['degraded', 'reconnecting'])

export const alertClears = checker({
  says: 'A warning is present during its problem and clears after its window.',
  restsOn: ['times'],
  options: schema,
  judge(history, options) {
    const phase = history.phase(options.phase)
    if (phase === undefined) {
      const fix = 'see where the run ended'
      return cannotTell('no-phase', `Phase ${options.phase} did not run.`, fix)
    }
    const polls = pollsOf(history, options.alert)
    if (polls.length === 0) {
      const fix = 'see why the target does not answer GET /health'
      return cannotTell('no-health', 'GET /health was never answered.', fix)
    }
    const counter = counterOf(history, options)
    if (points(counter).length === 0) {
      const says =
        `The target exports no ${metricOf(options.trouble)} to compare its warning with.`
      return notApplicable('no-such-counter', says)
    }
    return judgeWarning(history, options, { phase, polls, counter })
  },
})

/** One answered poll of /health. */
interface Poll {
  readonly t: Micros
  readonly isWarning: boolean
  readonly status: string
}
interface Watched {
  readonly phase: Window
  readonly polls: readonly Poll[]
  readonly counter: Reading
}

/** The counter in /health has the same time as its warning; that of a scrape has not. */
function counterOf(history: History, { trouble }: AlertClearsOptions): Reading {
  const own = history.signal(trouble, { from: 'health' })
  return own.v.some((value) => value !== null) ? own : history.signal(trouble)
}

function pollsOf(history: History, alert: string | undefined): Poll[] {
  const alerts = history.text('healthAlert')
  const statuses = history.text('healthStatus')
  return alerts.t.map((t, i) => {
    const text = alerts.v[i]
    const isAlert = text !== null && text !== undefined && text !== ''
    const isWarning = isAlert && (alert === undefined || text.includes(alert))
    return { t, isWarning, status: statuses.v[i] ?? '' }
  })
}

function judgeWarning(history: History, options: AlertClearsOptions, watched: Watched) {
  const { phase, polls, counter } = watched
  const { windowMs, slackMs = alertEndSeenLateMs, above = aboveDefault } = options
  const rises = risesOf(counter)
  const during = rises.filter(({ t }) => t >= phase.begin - slackMs * 1_000)
  const rise = during.reduce((sum, { v }) => sum + v, 0)
  const last = rises.at(-1)?.t ?? 0
  const told: Told = {
    metric: metricOf(options.trouble),
    last,
    limit: (windowMs + slackMs) * 1_000,
    windowMs,
    above,
    due: polls.filter(({ t }) => isDue(t, counter, windowMs, above)),
    later: polls.filter(({ t }) => t > last + (windowMs + slackMs) * 1_000),
  }
  const { due, later } = told
  const measured = measuredOf(polls, during[0]?.t ?? 0, last)
  return conclude({
    violations: [
      ...stays(told),
      ...missing(told, counter),
      ...early(told, polls, rises, counter),
      ...forgotten(history, told.metric, counter),
      ...stillBroken(told),
    ],
    doubts: [
      rise <= above || due.length === 0 ? noTrouble(told, rise) : undefined,
      later.length < laterPollsMin ? tooShort(told) : undefined,
    ],
    holds: { rule: 'recent', says: holdsText(told, measured, rise) },
    exercised: due.length + later.length,
    counted: 'polls of /health',
    evidence: {
      rise,
      lastTroubleAt: rises.length > 0 ? last : null,
      cameAfterMs: inMs(measured.cameMicros),
      goneAfterMs: inMs(measured.goneMicros),
      goneLimitMs: windowMs + slackMs,
      pollsWithWarningDue: due.length,
      pollsAfterWindow: later.length,
      lifetimeAtEnd: points(counter).at(-1)?.v ?? null,
    },
    charts: [
      {
        title: told.metric,
        series: [
          seriesOf('counted', 'count', points(counter)),
          whileWarning(polls, counter),
        ],
      },
    ],
  })
}

/** The counter at polls with the warning: one line shows both, large or small. */
const whileWarning = (polls: readonly Poll[], counter: Reading): Series => ({
  name: 'count while /health warns',
  unit: 'count',
  t: polls.map(({ t }) => t),
  v: polls.map(({ t, isWarning }) => (isWarning ? (valueAt(counter, t) ?? 0) : null)),
})

/** What the sentences are about. */
interface Told {
  readonly metric: string
  /** The last rise of the counter. */
  readonly last: Micros
  /** How long after it the warning may stay. */
  readonly limit: Micros
  readonly windowMs: number
  readonly above: number
  /** Polls that must show the warning. */
  readonly due: readonly Poll[]
  /** Polls that must not show it. */
  readonly later: readonly Poll[]
}

interface Measured {
  /** From the first rise to the first poll with the warning. */
  readonly cameMicros: Micros | undefined
  /** From the last rise to the first poll from which on there is none. */
  readonly goneMicros: Micros | undefined
}

function measuredOf(polls: readonly Poll[], first: Micros, last: Micros): Measured {
  const came = polls.find(({ t, isWarning }) => isWarning && t >= first)
  const lastWith = polls.findLast(({ isWarning }) => isWarning)?.t ?? 0
  const gone = came && polls.find(({ t }) => t >= last && t > lastWith)
  return { cameMicros: came && came.t - first, goneMicros: gone && gone.t - last }
}

const inMs = (micros: Micros | undefined): number | null =>
  micros === undefined ? null : Math.round(micros / 1_000)

const holdsText = (
  { metric, limit, due }: Told,
  { cameMicros = 0, goneMicros = 0 }: Measured,
  rise: number,
): string =>
  `The warning cleared ${seconds(goneMicros)} after the last rise of ${metric} (limit ` +
  `${seconds(limit)}); it appeared ${seconds(cameMicros)} after the first and was present in ` +
  `${due.length === 1 ? 'the only poll' : `all ${due.length} polls`} when due (rise: ${rise}).`

function noTrouble({ metric, windowMs, above }: Told, rise: number): Doubt {
  const due = `by more than ${above} within ${seconds(windowMs * 1_000)}`
  return {
    rule: 'no-trouble',
    says:
      rise <= above
        ? `${metric} rose by ${rise}; a warning is due when it rises ${due}.`
        : `${metric} rose by ${rise}, but at no poll of /health ${due}, when a warning is due.`,
    fix: 'cause a larger rise on this target, with --set or a longer phase',
  }
}

const tooShort = ({ metric, limit, later }: Told): Doubt => ({
  rule: 'too-short',
  says:
    `The warning must clear within ${seconds(limit)} after the last rise of ${metric}; /health ` +
    `was asked ${many(later.length, 'time')} after that, at least ${laterPollsMin} are needed.`,
  fix: 'run longer, or give the window for which the target keeps a warning',
})

/** Every rise of the counter: when it was first seen, and by how much. */
function risesOf(counter: Reading): Point[] {
  const all = points(counter)
  return all.flatMap(({ t, v }, i) => {
    const before = all[i - 1]?.v ?? v
    return v > before ? [{ t, v: v - before }] : []
  })
}

/** Whether the rise within the window before `t` was surely large enough. */
function isDue(t: Micros, counter: Reading, windowMs: number, above: number): boolean {
  const begin = t - windowMs * 1_000 + windowEdgeMicros
  return riseWithin(counter, begin, t - windowEdgeMicros) > above
}

function stays({ metric, last, limit, later }: Told): Violation[] {
  const standing = later.filter(({ isWarning }) => isWarning)
  const [first] = standing
  if (first === undefined) return []
  const found = seconds((standing.at(-1) ?? first).t - last)
  const says =
    `The warning must clear within ${seconds(limit)} after the last rise of ${metric}; it was ` +
    `present in ${standing.length} of ${later.length} later polls, last ${found} after that rise.`
  return [{ rule: 'warning-stays', says, at: first.t }]
}

function missing({ metric, due, windowMs, above }: Told, counter: Reading): Violation[] {
  const silent = due.filter(({ isWarning }) => !isWarning)
  const [first] = silent
  if (first === undefined) return []
  const rise = riseWithin(counter, first.t - windowMs * 1_000, first.t)
  const says =
    `/health must warn when ${metric} rises by more than ${above} within ` +
    `${seconds(windowMs * 1_000)}; it did not in ${silent.length} of ${due.length} polls, first ` +
    `after a rise by ${rise}.`
  return [{ rule: 'warning-missing', says, at: first.t }]
}

function early(
  { metric }: Told,
  polls: readonly Poll[],
  rises: readonly Point[],
  counter: Reading,
): Violation[] {
  const [first] = rises
  const before = first === undefined ? undefined : points(counter).findLast(({ t }) => t < first.t)
  if (first === undefined || before === undefined || before.v > 0) return []
  const premature = polls.find(({ t, isWarning }) => isWarning && t <= before.t)
  if (premature === undefined) return []
  const says =
    `/health warned ${seconds(first.t - premature.t)} before the first rise of ${metric}, while ` +
    'it was 0.'
  return [{ rule: 'warning-without-trouble', says, at: premature.t }]
}

/** A lifetime counter falls only when the process restarts. */
function forgotten(history: History, metric: string, counter: Reading): Violation[] {
  const starts = history.events('process').filter(({ role, edge }) =>
    role === 'relay' && edge === 'start',
  )
  if (starts.length > 1) return []
  const all = points(counter)
  const index = all.findIndex(({ v }, i) => v < (all[i - 1]?.v ?? v))
  const [before, fall] = [all[index - 1], all[index]]
  if (before === undefined || fall === undefined) return []
  const says =
    `${metric} must not fall while the relay runs; it went from ${before.v} back to ` +
    `${fall.v}.`
  return [{ rule: 'lifetime-forgotten', says, at: fall.t }]
}

function stillBroken({ metric, last, limit, later }: Told): Violation[] {
  const broken = later.filter(({ status }) => brokenStatuses.has(status))
  const [first] = broken
  if (first === undefined) return []
  const says =
    `/health must be healthy ${seconds(limit)} after the last rise of ${metric}; it was ` +
    `"${first.status}" in ${broken.length} of ${later.length} later polls, first ` +
    `${seconds(first.t - last)} after that rise.`
  return [{ rule: 'still-degraded', says, at: first.t }]
}

/**
 * A warning speaks of now: it must come with trouble and go when the window has passed, while the
 * lifetime counter remembers. The relay's own counter says when trouble was.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Reading } from '../history/readings.ts'
import type { Window } from '../history/windows.ts'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, notApplicable, seconds, type Violation } from './conclude.ts'
import { milliseconds, name, type PhaseName } from './options.ts'
import { points, riseWithin, seriesOf, type Point } from './series.ts'

export interface WarningIsRecentOptions<P extends string = string> {
  /** The lifetime counter whose rise is the trouble, such as `droppedTotal`. */
  readonly trouble: SignalName
  /** The window in which the trouble is made. */
  readonly phase: PhaseName<P>
  /** Text that marks the warning within the alert; default is any alert at all. */
  readonly alert?: string
  /** How long the target remembers trouble. */
  readonly windowMs: number
  /** Slack for going; default 3 s. */
  readonly slackMs?: number
  /** Trouble within the window above which a warning is due; default 10. */
  readonly above?: number
}

const slackMsDefault = 3_000
const aboveDefault = 10
/** How long a warning may take to come, and how far a window's edges may be off. */
const comingMicros = 1_000_000
/** Polls after the window that must all be without a warning. */
const laterPollsMin = 2
/** Words of /health that call a relay broken. */
const brokenStatuses = new Set(['degraded', 'reconnecting'])

export const warningIsRecent: Checker<WarningIsRecentOptions> = {
  says: 'A warning is there during trouble and gone after its window.',
  restsOn: ['times'],
  options: z.strictObject({
    trouble: z.enum(signalNames),
    phase: name,
    alert: name.exactOptional(),
    windowMs: milliseconds,
    slackMs: milliseconds.exactOptional(),
    above: z.number().nonnegative().exactOptional(),
  }),
  judge(history, options) {
    const phase = history.phase(options.phase)
    if (phase === undefined) {
      const fix = 'see where the run ended'
      return cannotTell('no-phase', `There was no phase ${options.phase}.`, fix)
    }
    const polls = pollsOf(history, options.alert)
    if (polls.length === 0) {
      const fix = 'see why the target does not answer GET /health'
      return cannotTell('no-health', 'Nobody got an answer from /health.', fix)
    }
    const counter = counterOf(history, options)
    if (points(counter).length === 0) {
      const says = `The target has no counter ${options.trouble}: it cannot warn by its total.`
      return notApplicable('no-such-counter', says)
    }
    return judgeWarning(history, options, { phase, polls, counter })
  },
}

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

/** /health's own counter is of the same moment as its warning; a scrape's is not. */
function counterOf(history: History, { trouble }: WarningIsRecentOptions): Reading {
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

function judgeWarning(history: History, options: WarningIsRecentOptions, watched: Watched) {
  const { phase, polls, counter } = watched
  const { windowMs, slackMs = slackMsDefault, above = aboveDefault } = options
  const rises = risesOf(counter)
  const during = rises.filter(({ t }) => t >= phase.begin - slackMs * 1_000)
  const rise = during.reduce((sum, { v }) => sum + v, 0)
  const lastTrouble = rises.at(-1)?.t ?? 0
  const over = lastTrouble + (windowMs + slackMs) * 1_000
  const goneAfter = seconds(over - lastTrouble)
  const due = polls.filter(({ t }) => isDue(t, counter, windowMs, above))
  const later = polls.filter(({ t }) => t > over)
  return conclude({
    violations: [
      ...stays(later, over, windowMs),
      ...missing(due),
      ...early(polls, rises, counter),
      ...forgotten(history, counter),
      ...stillBroken(later),
    ],
    doubts: [
      rise <= above || due.length === 0
        ? {
            rule: 'no-trouble',
            says: `${options.trouble} rose by ${rise} only (above ${above} a warning is due).`,
            fix: 'make the trouble larger on this target, with --set or a longer phase',
          }
        : undefined,
      later.length < laterPollsMin
        ? {
            rule: 'too-short',
            says: `The run ended before the warning had to be gone (${windowMs} ms of memory).`,
            fix: 'run longer, or give the window for which the target remembers trouble',
          }
        : undefined,
    ],
    holds: {
      rule: 'recent',
      says:
        `The warning came with ${options.trouble} rising by ${rise}, and was gone at the latest ` +
        `${goneAfter} after the last rise.`,
    },
    exercised: due.length + later.length,
    evidence: {
      rise,
      lastTroubleAt: lastTrouble,
      pollsWithWarningDue: due.length,
      pollsAfterWindow: later.length,
      lifetimeAtEnd: points(counter).at(-1)?.v ?? null,
    },
    charts: [
      {
        title: 'warning against trouble',
        series: [
          seriesOf(options.trouble, 'count', points(counter)),
          seriesOf('warning', 'count', polls.map(({ t, isWarning: on }) => ({ t, v: Number(on) }))),
        ],
      },
    ],
  })
}

/** Every rise of the counter: when it was first seen, and by how much. */
function risesOf(counter: Reading): Point[] {
  const all = points(counter)
  return all.flatMap(({ t, v }, i) => {
    const before = all[i - 1]?.v ?? v
    return v > before ? [{ t, v: v - before }] : []
  })
}

/** Whether there was surely enough trouble within the window before `t`. */
function isDue(t: Micros, counter: Reading, windowMs: number, above: number): boolean {
  const begin = t - windowMs * 1_000 + comingMicros
  return riseWithin(counter, begin, t - comingMicros) > above
}

function stays(later: readonly Poll[], over: Micros, windowMs: number): Violation[] {
  const late = later.find(({ isWarning }) => isWarning)
  if (late === undefined) return []
  const after = seconds(late.t - over)
  const wanted = `go ${windowMs} ms after the trouble`
  const says = `The warning was to ${wanted}; it still stood ${after} later.`
  return [{ rule: 'warning-stays', says, at: late.t }]
}

function missing(due: readonly Poll[]): Violation[] {
  const silent = due.find(({ isWarning }) => !isWarning)
  if (silent === undefined) return []
  const says = 'There was trouble, and /health gave no warning of it.'
  return [{ rule: 'warning-missing', says, at: silent.t }]
}

function early(polls: readonly Poll[], rises: readonly Point[], counter: Reading): Violation[] {
  const [first] = rises
  const before = first === undefined ? undefined : points(counter).findLast(({ t }) => t < first.t)
  if (before === undefined || before.v > 0) return []
  const false1 = polls.find(({ t, isWarning }) => isWarning && t <= before.t)
  if (false1 === undefined) return []
  const says = 'There was a warning before there was any trouble.'
  return [{ rule: 'warning-without-trouble', says, at: false1.t }]
}

/** A lifetime counter falls when the process is a new one, and never else. */
function forgotten(history: History, counter: Reading): Violation[] {
  const starts = history.events('process').filter(([, , role, , edge]) =>
    role === 'relay' && edge === 'start',
  )
  if (starts.length > 1) return []
  const all = points(counter)
  const fall = all.find(({ v }, i) => v < (all[i - 1]?.v ?? v))
  if (fall === undefined) return []
  return [{ rule: 'lifetime-forgotten', says: 'The lifetime counter went back.', at: fall.t }]
}

function stillBroken(later: readonly Poll[]): Violation[] {
  const broken = later.find(({ status }) => brokenStatuses.has(status))
  if (broken === undefined) return []
  const says = `After the trouble /health was to be well again; it said ${broken.status}.`
  return [{ rule: 'still-degraded', says, at: broken.t }]
}

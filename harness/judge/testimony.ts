/**
 * Evidence from the target itself: how its process ended, log lines of a crash, and its last lines
 * before the first sign of a failure. It excuses and decides nothing; it shows the reader of a
 * verdict where to look.
 */
import type { Verdict } from '../checkers/checker.ts'
import { isCrashLine } from '../history/crash-lines.ts'
import type { EventOf, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'

/** A line of the target's log and when it was written. */
export interface LoggedLine {
  readonly at: Micros
  readonly line: string
}

export interface Testimony {
  /** One sentence for every time that the target's process ended. */
  readonly ends: readonly string[]
  /** Whether one of the exits was not that of a process asked to stop. */
  readonly isEndOdd: boolean
  /** Log lines of a crash, each with the lines after it. */
  readonly crash: readonly LoggedLine[]
  /** The last lines before the first sign of a failure. */
  readonly before: readonly LoggedLine[]
}

const crashLinesMax = 20
/** The message of a panic follows the line that announces it. */
const behindCrash = 2
const beforeMax = 10
/** A line is read a little later than it was written. */
const marginMicros = 250_000

/** @param firstSign when the failure was first visible; undefined if nothing failed */
export function testimonyOf(
  history: History,
  verdict: Verdict,
  firstSign: Micros | undefined,
): Testimony {
  const exits = exitsOf(history)
  const ends = exits.map(({ says }) => says)
  const isEndOdd = exits.some(({ isOdd }) => isOdd)
  if (verdict === 'pass' || verdict === 'not-applicable') {
    return { ends, isEndOdd, crash: [], before: [] }
  }
  const lines = history.events('log').filter(({ role }) => role === 'relay').map(lineOf)
  return { ends, isEndOdd, crash: crashOf(lines), before: beforeOf(lines, firstSign) }
}

const lineOf = ({ t: at, line }: EventOf<'log'>): LoggedLine => ({ at, line })

function crashOf(lines: readonly LoggedLine[]): LoggedLine[] {
  const shown = new Set<number>()
  for (const [index, { line }] of lines.entries()) {
    if (!isCrashLine(line)) continue
    for (let i = index; i <= index + behindCrash && i < lines.length; i += 1) shown.add(i)
    if (shown.size >= crashLinesMax) break
  }
  return [...shown].slice(0, crashLinesMax).flatMap((index) => lines[index] ?? [])
}

function beforeOf(lines: readonly LoggedLine[], firstSign: Micros | undefined): LoggedLine[] {
  if (firstSign === undefined) return []
  return lines.filter(({ at }) => at <= firstSign + marginMicros).slice(-beforeMax)
}

const saidMax = 4

/** The same in a few lines: unexpected exits, and the first lines of a crash. */
export function sayTestimony({ ends, isEndOdd, crash }: Testimony): string[] {
  const lines = crash.slice(0, saidMax).map(({ at, line }) => `  log at ${seconds(at)}: ${line}`)
  return [...(isEndOdd ? ends.slice(-saidMax) : []), ...lines].map((says) => `      ${says}`)
}

/** Exit codes of success; runtimes that handle SIGTERM may return 128 + 15. */
export const orderlyCodes: ReadonlySet<number | null> = new Set([0, 143])

interface End {
  readonly says: string
  readonly isOdd: boolean
}

function exitsOf(history: History): End[] {
  const events = history.events('process').filter(({ role }) => role === 'relay')
  return events.flatMap((event): End[] => {
    const { t: at, pid, edge, code, signal } = event
    if (edge !== 'exit') return []
    const asked = events.filter((one) => {
      return one.pid === pid && one.edge === 'signal' && one.t <= at
    })
    return [endOf(pid, at, asked, signal ?? (code === null ? undefined : `code ${code}`), code)]
  })
}

function endOf(
  pid: number,
  at: Micros,
  asked: readonly EventOf<'process'>[],
  how = 'an exit status hidden by its wrapper',
  code: number | null = null,
): End {
  const who = `The target's process ${pid}`
  const [first] = asked
  if (first === undefined) {
    return { says: `${who} exited by itself at ${seconds(at)} with ${how}.`, isOdd: true }
  }
  const signals = asked.map((one) => one.signal).join(', then ')
  const says = `${who} was sent ${signals} at ${seconds(first.t)} and exited`
  const isOdd = signals !== 'SIGKILL' && !orderlyCodes.has(code)
  return { says: `${says} ${seconds(at - first.t)} later with ${how}.`, isOdd }
}

const seconds = (micros: Micros) => `${(micros / 1e6).toFixed(1)} s`

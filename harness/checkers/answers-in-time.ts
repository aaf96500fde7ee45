/**
 * A relay is polled all the time, as by an orchestrator, and must answer soon while it processes
 * any record: an orchestrator restarts one that does not answer. Polls while the run itself pauses
 * or ends the relay's process do not count.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  sentence,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { count, milliseconds, phaseRef } from './options.ts'

const schema = z.strictObject({
  /** Default is the whole run. */
  phase: phaseRef.exactOptional(),
  /** A phase before the stimulus: if answers are already late there, it is not the cause. */
  before: phaseRef.exactOptional(),
  /** The longest time that an answer may take. */
  limitMs: milliseconds,
  /** Fewest answers to judge by. */
  pollsMin: count,
})

export const answersInTime = checker({
  says: 'GET /health is answered in time while something else goes on.',
  restsOn: ['times'],
  options: schema,
  judge(history, { phase, before, limitMs, pollsMin }) {
    const window = phase === undefined ? wholeRun(history) : history.phase(phase)
    const calm = before === undefined ? noTime : history.phase(before)
    if (window === undefined || calm === undefined) {
      const missing = [calm ? [] : before, window ? [] : phase].flat().join(' and ')
      const says = `The run did not get to ${missing}.`
      return cannotTell('no-phase', says, 'let the run go through to its end')
    }
    const isLate = ({ tookMs, isAnswered }: Poll) => !isAnswered || tookMs > limitMs
    const polls = pollsWithin(history, window)
    const late = polls.filter(isLate)
    const calmly = pollsWithin(history, calm)
    const lateBefore = calmly.filter(isLate)
    const wasLate = lateBefore.length > 0
    return conclude({
      violations: late.length === 0 || wasLate ? [] : [lateAnswers(polls, late, limitMs)],
      doubts: [
        wasLate ? alreadyLate(before, foundLate(calmly, lateBefore, limitMs)) : undefined,
        polls.length < pollsMin ? tooFew(polls, phase, pollsMin) : undefined,
      ],
      holds: {
        rule: 'answered-in-time',
        says:
          `GET /health was answered ${many(polls.length, 'time')} in ${phase ?? 'the run'}, the ` +
          `slowest after ${longestOf(polls)} ms (limit ${limitMs} ms` +
          `${calmly.length === 0 ? '' : `; in ${before} at most ${longestOf(calmly)} ms`}).`,
      },
      exercised: polls.length,
      counted: 'answers of /health',
      evidence: {
        polls: polls.length,
        late: late.length,
        longestMs: longestOf(polls),
        pollsBefore: calmly.length,
        longestBeforeMs: longestOf(calmly),
      },
    })
  },
})

const noTime: Window = { begin: 0, end: -1 }

/** Until it had settled: afterwards clients and the relay are stopped. */
const wholeRun = (history: History): Window => ({
  begin: 0,
  end: history.phase('settle')?.end ?? history.end,
})

const alreadyLate = (before: string | undefined, found: string): Doubt => ({
  rule: 'late-before',
  says: `Already in ${before}: ${found}.`,
  fix: 'first find out why it is late without load or faults',
})

const tooFew = (polls: readonly Poll[], phase: string | undefined, wanted: number): Doubt => ({
  rule: 'too-little',
  says:
    `GET /health was asked ${many(polls.length, 'time')} in ${phase ?? 'the run'}; at least ` +
    `${wanted} are needed.`,
  fix: 'run longer',
})

const longestOf = (polls: readonly Poll[]): number | null =>
  polls.length === 0 ? null : Math.round(Math.max(...polls.map(({ tookMs }) => tookMs)))

interface Poll {
  readonly at: number
  readonly tookMs: number
  readonly isAnswered: boolean
}

/** Polls of a window, except those during a fault of the relay's own process. */
function pollsWithin(history: History, { begin, end }: Window): readonly Poll[] {
  const stops = history.faults.filter(({ effects }) => effects.on === 'relay')
  return history
    .events('health')
    .filter(([, t]) => t >= begin && t <= end)
    .filter(([, t, took]) => !stops.some((one) => t <= one.end && t + took >= one.begin))
    .map(([, at, micros, status]) => ({ at, tookMs: micros / 1_000, isAnswered: status > 0 }))
}

function lateAnswers(polls: readonly Poll[], late: readonly Poll[], limitMs: number): Violation {
  const [first] = late
  const at = first === undefined ? 0 : first.at + first.tookMs * 1_000
  return { rule: 'answered-late', says: sentence(foundLate(polls, late, limitMs)), at }
}

/** How many were late and by how much; how many were not answered. */
function foundLate(polls: readonly Poll[], late: readonly Poll[], limitMs: number): string {
  const slow = late.filter(({ isAnswered }) => isAnswered)
  const failed = late.length - slow.length
  const found = [
    slow.length === 0
      ? []
      : `${slow.length} took longer than ${limitMs} ms (the slowest ${longestOf(slow)} ms)`,
    failed === 0 ? [] : `${failed} got no answer`,
  ].flat()
  return `of ${many(polls.length, 'request')} to GET /health ${found.join(' and ')}`
}

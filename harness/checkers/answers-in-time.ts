/**
 * A relay is asked for its health all the time, as an orchestrator would, and answers soon whatever
 * records flow: one that is kept from answering is restarted by those who ask, for nothing.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { count, milliseconds, name, type PhaseName } from './options.ts'

export interface AnswersInTimeOptions<P extends string = string> {
  readonly phase: PhaseName<P>
  /** A window before anything was sent: where answers are late already, it is not by this. */
  readonly before: PhaseName<P>
  /** The longest answer. */
  readonly limitMs: number
  /** So many answers are worth a judgement. */
  readonly pollsMin: number
}

export const answersInTime: Checker<AnswersInTimeOptions> = {
  says: 'GET /health is answered in time while something else goes on.',
  restsOn: ['times'],
  options: z.strictObject({
    phase: name,
    before: name,
    limitMs: milliseconds,
    pollsMin: count,
  }),
  judge(history, { phase, before, limitMs, pollsMin }) {
    const [window, calm] = [history.phase(phase), history.phase(before)]
    if (window === undefined || calm === undefined) {
      return cannotTell('no-phase', 'A phase of the run is not there.', 'Run it to its end.')
    }
    const polls = pollsWithin(history, window)
    const late = polls.filter(({ tookMs, isAnswered }) => !isAnswered || tookMs > limitMs)
    const wasLate = pollsWithin(history, calm).some(({ tookMs }) => tookMs > limitMs)
    const longestMs = Math.round(Math.max(0, ...polls.map(({ tookMs }) => tookMs)))
    const worst = late.toSorted((one, other) => other.tookMs - one.tookMs)[0]
    return conclude({
      violations: worst === undefined || wasLate ? [] : [lateAnswer(worst, limitMs)],
      doubts: [
        wasLate
          ? {
              rule: 'late-before',
              says: `/health took more than ${limitMs} ms before anything was sent.`,
              fix: 'See first why it is late where nothing goes on.',
            }
          : undefined,
        polls.length < pollsMin
          ? {
              rule: 'too-little',
              says: `${pollsMin} questions were wanted, ${polls.length} were asked.`,
              fix: 'Run longer.',
            }
          : undefined,
      ],
      holds: {
        rule: 'answered-in-time',
        says: `${polls.length} questions were answered, the slowest of them after ${longestMs} ms.`,
      },
      exercised: polls.length,
      evidence: { polls: polls.length, late: late.length, longestMs },
    })
  },
}

interface Poll {
  readonly at: number
  readonly tookMs: number
  readonly isAnswered: boolean
}

function pollsWithin(history: History, { begin, end }: Window): readonly Poll[] {
  return history
    .events('health')
    .filter(([, t]) => t >= begin && t <= end)
    .map(([, at, micros, status]) => ({ at, tookMs: micros / 1_000, isAnswered: status > 0 }))
}

function lateAnswer({ at, tookMs, isAnswered }: Poll, limitMs: number): Violation {
  const found = isAnswered ? `it took ${Math.round(tookMs)} ms` : 'it never was'
  return {
    rule: 'answered-late',
    says: `GET /health was to be answered within ${limitMs} ms; ${found}.`,
    at: at + tookMs * 1_000,
  }
}

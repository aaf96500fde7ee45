/**
 * An outage that is over must not be held against the relay: from some time after the last heal on,
 * /health calls it well, as often as it is asked.
 */
import { z } from 'zod'
import type { Health } from '../history/event.ts'
import { strikePhase } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { conclude, seconds, type Violation } from './conclude.ts'
import { lastHealOf } from './last-heal.ts'
import { milliseconds } from './options.ts'

export interface WellAgainOptions {
  /** Longest time from the last heal until /health says so. */
  readonly limitMs: number
}

const wellStatuses = new Set(['healthy', 'waiting'])
/** Polls after the limit that are worth a judgement. */
const pollsMin = 3

export const wellAgain: Checker<WellAgainOptions> = {
  says: 'Some time after the last fault is healed, /health calls the relay well.',
  restsOn: ['times'],
  options: z.strictObject({ limitMs: milliseconds }),
  judge(history, { limitMs }) {
    const last = lastHealOf(history)
    if (typeof last !== 'number') return last
    const until = history.phase(strikePhase)?.begin ?? Infinity
    const polls = history.events('health').filter(([, t]) => t > last && t < until)
    const due = polls.filter(([, t]) => t > last + limitMs * 1_000)
    const wellAt = polls[polls.findLastIndex((poll) => !isWell(poll)) + 1]?.[1]
    const shown = wellAt === undefined ? undefined : seconds(wellAt - last)
    return conclude({
      violations: due.filter((poll) => !isWell(poll)).map((poll) => broken(poll, last)),
      doubts: [
        due.length < pollsMin
          ? { rule: 'too-short', says: 'The run ended before the limit had passed.' }
          : undefined,
      ],
      holds: { rule: 'well-again', says: `/health called the relay well ${shown} after the heal.` },
      exercised: due.length,
      evidence: { lastHealAt: last, polls: polls.length, due: due.length, wellAt: wellAt ?? null },
    })
  },
}

const wordOf = ([, , , , body]: Health): string => {
  const word = body?.['status']
  return typeof word === 'string' ? word : 'nothing'
}

const isWell = (poll: Health): boolean => wellStatuses.has(wordOf(poll))

function broken(poll: Health, last: number): Violation {
  const [, at] = poll
  const says =
    `${seconds(at - last)} after the last heal /health was to call the relay well; ` +
    `it said ${wordOf(poll)}.`
  return { rule: 'called-broken', says, at }
}

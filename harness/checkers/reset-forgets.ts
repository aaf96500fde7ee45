/**
 * What was reset must not come back: not in a later replay, and not by an answer that says
 * "cleared" of a store that could not be reached.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './conclude.ts'
import { milliseconds } from './options.ts'
import { redisOutages, replaysOf, resetsOf, type Replay, type Reset } from './replays.ts'

export interface ResetForgetsOptions {
  /** Longest time from a reset to its answer. */
  readonly limitMs: number
}

export const resetForgets: Checker<ResetForgetsOptions> = {
  says: 'A reset forgets what was before it, and says "cleared" only of what is cleared.',
  options: z.strictObject({ limitMs: milliseconds }),
  judge(history, { limitMs }) {
    const resets = resetsOf(history)
    if (resets.length === 0) return cannotTell('no-reset', 'No client reset the replay buffer.')
    const first = Math.min(...resets.map(({ askedAt, answeredAt }) => answeredAt ?? askedAt))
    const later = replaysOf(history).filter(({ askedAt, from, complete }) => {
      return askedAt >= first && from !== 'latest' && complete !== undefined
    })
    return conclude({
      violations: [
        ...resets.flatMap((reset) => unanswered(reset, limitMs)),
        ...resets.flatMap((reset) => untrue(history, reset)),
        ...later.flatMap((replay) => resets.flatMap((reset) => revenants(replay, reset))),
      ],
      doubts: [
        later.length === 0
          ? { rule: 'no-replay', says: 'Nobody asked for a replay after the reset.' }
          : undefined,
      ],
      holds: {
        rule: 'forgotten',
        says: `${later.length} replays after a reset held nothing from before it.`,
      },
      exercised: later.length,
      evidence: {
        resets: resets.length,
        saidCleared: resets.filter(({ isCleared }) => isCleared).length,
        replaysAfterwards: later.length,
      },
    })
  },
}

function unanswered({ client, askedAt, answeredAt }: Reset, limitMs: number): Violation[] {
  const deadline = askedAt + limitMs * 1_000
  if (answeredAt !== undefined && answeredAt <= deadline) return []
  const found = answeredAt === undefined ? 'none came' : `it took ${seconds(answeredAt - askedAt)}`
  const says = `The reset of client ${client} was to be answered in ${limitMs} ms; ${found}.`
  return [{ rule: 'reset-not-answered', says, at: deadline }]
}

function untrue(history: History, { askedAt, answeredAt, isCleared }: Reset): Violation[] {
  if (!isCleared || answeredAt === undefined) return []
  const severed = redisOutages(history).find(
    ({ bitAt = Infinity, end }) => bitAt <= askedAt && end >= answeredAt,
  )
  if (severed === undefined) return []
  const says =
    `Redis could not be reached from before the reset ${seconds(askedAt)} into the run until ` +
    'after its answer; the answer said that the buffer was cleared.'
  return [{ rule: 'cleared-untrue', says, at: answeredAt }]
}

function revenants(replay: Replay, { answeredAt, forgotten }: Reset): Violation[] {
  if (answeredAt === undefined || replay.askedAt < answeredAt) return []
  const run = replay.runs.find(({ partition, first }) => first <= (forgotten.get(partition) ?? -1))
  if (run === undefined) return []
  const says =
    `Offsets up to ${forgotten.get(run.partition)} of partition ${run.partition} were reset; ` +
    `a later replay to client ${replay.client} held offset ${run.first}.`
  return [{ rule: 'forgotten-replayed', says, at: run.from }]
}

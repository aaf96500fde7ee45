/**
 * What no honest client says harms nobody but, at worst, whoever says it: each hostile frame gets
 * the reaction that its row in the table owes it, and nobody's connection ends for less.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Session } from '../history/windows.ts'
import { hostileFrames, type HostileFrame } from '../stimuli/hostile-frames.ts'
import type { Checker } from './checker.ts'
import { conclude, type Violation } from './conclude.ts'
import { count, milliseconds } from './options.ts'

export interface HostileAnsweredOptions {
  /** Longest time to a reaction. */
  readonly limitMs: number
  /** So many frames are worth a judgement. */
  readonly framesMin: number
}

const rows = new Map(hostileFrames.map((row) => [row.name, row]))
const prefix = 'hostile:'

export const hostileAnswered: Checker<HostileAnsweredOptions> = {
  says: 'Each hostile frame gets the reaction that it is owed, and ends nobody for less.',
  restsOn: ['times'],
  options: z.strictObject({ limitMs: milliseconds, framesMin: count }),
  judge(history, { limitMs, framesMin }) {
    const sent = sentTo(history)
    // Whoever has asked for its own end already is owed nothing more on that connection.
    const judged = sent.filter(({ hasEnded }) => !hasEnded)
    return conclude({
      violations: judged.flatMap((one) => reactionTo(history, one, limitMs * 1_000)),
      doubts: [
        judged.length < framesMin
          ? {
              rule: 'too-little',
              says: `${framesMin} hostile frames were wanted; there were ${judged.length}.`,
            }
          : undefined,
      ],
      holds: { rule: 'answered', says: `${judged.length} hostile frames got what they are owed.` },
      exercised: judged.length,
      evidence: { sent: sent.length, judged: judged.length },
    })
  },
}

interface Sent {
  readonly t: Micros
  readonly client: number
  readonly row: HostileFrame
  readonly session: Session
  /** When the next one was sent on the same connection; at its end there is none. */
  readonly next: Micros
  /** A frame before it on the same connection was one that ends it. */
  readonly hasEnded: boolean
}

function sentTo(history: History): Sent[] {
  const found: Sent[] = []
  const sent = history.events('sent').filter(([, , , what]) => what.startsWith(prefix))
  for (const [client, frames] of Map.groupBy(sent, ([, , by]) => by)) {
    for (const session of history.sessions.get(client) ?? []) {
      const own = frames.filter(([, t]) => t >= session.begin && t <= session.end)
      let hasEnded = false
      for (const [index, [, t, , what]] of own.entries()) {
        const row = rows.get(what.slice(prefix.length))
        if (row === undefined) continue
        const next = own[index + 1]?.[1] ?? Infinity
        found.push({ t, client, row, session, next, hasEnded })
        hasEnded ||= row.expectedReaction !== 'ignored'
      }
    }
  }
  return found
}

function reactionTo(history: History, one: Sent, limit: Micros): Violation[] {
  const { t, client, row, session, next } = one
  const by = session.closed?.[5]
  const hasEndedBy = (until: Micros) =>
    by !== undefined && by !== 'client' && session.end <= Math.min(until, next)
  if (row.expectedReaction === 'ignored') {
    if (!hasEndedBy(t + limit)) return []
    const says = `"${row.name}" was to be ignored; it ended the connection of client ${client}.`
    return [{ rule: 'ended-for-nothing', says, at: session.end }]
  }
  const until = t + limit
  // What was said right before a reset is lost with it: that is TCP's doing, not the relay's.
  if (by === 'network' && session.end <= until) return []
  if (row.code !== undefined && !isTold(history, one, until)) {
    const says = `"${row.name}" was to be answered with ${row.code}; client ${client} got none.`
    return [{ rule: 'not-refused', says, at: until }]
  }
  if (by !== undefined && session.end <= until) return []
  const says = `"${row.name}" was to end the connection of client ${client}; it went on.`
  return [{ rule: 'not-ended', says, at: until }]
}

const isTold = (history: History, { t, client, row }: Sent, until: Micros): boolean =>
  history
    .events('control')
    .some(
      ([, at, to, { type, code }]) =>
        to === client && at >= t && at <= until && type === 'error' && code === row.code,
    )

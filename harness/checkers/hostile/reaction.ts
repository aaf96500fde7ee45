/** The reaction to one hostile frame, compared with the reaction that its row expects. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { seconds, type Violation } from '../reading/conclude.ts'
import type { Trial } from './trials.ts'

/** A reaction that is not the expected one. */
export interface Reaction {
  /** Absent if the wait was too short to tell. */
  readonly violation?: Violation
  /** The connection was reset, and with it perhaps the answer. */
  readonly isLost?: true
}

/** Undefined if the frame got its expected reaction. */
export function reactionTo(history: History, trial: Trial, limit: Micros): Reaction | undefined {
  return trial.row.expectedReaction === 'ignored'
    ? reactionOfListener(history, trial, limit)
    : reactionOfCloser(history, trial, limit)
}

/** The relay continues: it answers the ping after the frame, and a resume itself. */
function reactionOfListener(
  history: History,
  trial: Trial,
  limit: Micros,
): Reaction | undefined {
  const { t, row, session } = trial
  const until = Math.min(t + limit, trial.next)
  const by = session.closed?.by
  const isEnded = by !== undefined && by !== 'client'
  if (isEnded && session.end <= until) {
    const says =
      `${said(trial)} must be ignored; the connection ended ${seconds(session.end - t)} later.`
    return { violation: { rule: 'ended-for-nothing', says, at: session.end } }
  }
  const hasWaited = session.end >= t + limit
  if (!isTold(history, trial, until, (frame) => frame['type'] === 'pong')) {
    if (!hasWaited) return {}
    const says =
      `${said(trial)} must be ignored; no ping was answered within ${seconds(until - t)}.`
    return { violation: { rule: 'not-answered', says, at: t + limit } }
  }
  const isAnswer = ({ type }: Readonly<Record<string, unknown>>) =>
    type === 'replay_complete' || type === 'error'
  if (row.isAnswered !== true || isTold(history, trial, until, isAnswer)) return undefined
  if (!hasWaited) return {}
  const says =
    `${said(trial)} is a resume and must be answered; pings were answered, but the resume was ` +
    `not within ${seconds(until - t)}.`
  return { violation: { rule: 'resume-unanswered', says, at: t + limit } }
}

/** The relay sends an error if one is expected, and ends the connection. */
function reactionOfCloser(history: History, trial: Trial, limit: Micros): Reaction | undefined {
  const { t, row, session } = trial
  const until = t + limit
  const by = session.closed?.by
  const isEnded = by !== undefined && by !== 'client' && session.end <= until
  const { code } = row
  if (code !== undefined && !isTold(history, trial, until, (frame) => frame['code'] === code)) {
    if (!isEnded && session.end < until) return {}
    const how = by === 'network' ? 'was reset' : 'ended'
    const found = isEnded
      ? `the connection ${how} ${seconds(session.end - t)} later without it`
      : `it did not come within ${seconds(limit)}`
    const says = `${said(trial)} must be answered with ${code}; ${found}.`
    const violation = { rule: 'not-refused', says, at: Math.min(session.end, until) }
    return isEnded && by === 'network' ? { violation, isLost: true } : { violation }
  }
  if (isEnded) return undefined
  if (session.end < until) return {}
  const says =
    `${said(trial)} must end the connection; it was still open ${seconds(limit)} later.`
  return { violation: { rule: 'not-ended', says, at: until } }
}

const said = ({ row, client, isAlone }: Trial): string =>
  `"${row.name}" of client ${client}${isAlone ? ', sent alone,' : ''}`

/** Whether the client got this kind of control frame between the frame and `until`. */
function isTold(
  history: History,
  { t, client, session }: Trial,
  until: Micros,
  isWanted: (frame: Readonly<Record<string, unknown>>) => boolean,
): boolean {
  const last = Math.min(until, session.end)
  return history
    .events('control')
    .some(([, at, to, frame]) => to === client && at >= t && at <= last && isWanted(frame))
}

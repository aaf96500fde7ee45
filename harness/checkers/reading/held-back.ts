/** Clients that sent unfinished messages: what an unbounded relay would hold of them. */
import type { History } from '../../history/history.ts'
import type { Window } from '../../history/windows.ts'
import { mebibytes, type Doubt } from './conclude.ts'

/** Of each client: the largest control frame of the protocol. */
export const heldBytesEach = 1_048_576

export interface HeldBack {
  readonly holders: number
  readonly heldBytes: number
}

export function heldBackOf(history: History, group: string, { begin, end }: Window): HeldBack {
  const isOfGroup = (client: number) =>
    (history.sessions.get(client) ?? []).some((session) => session.group === group)
  const sent = history
    .events('sent')
    .filter(([, t, , what]) => what === 'hostile:held-back' && t >= begin && t <= end)
  const holders = new Set(sent.map(([, , client]) => client).filter(isOfGroup)).size
  return { holders, heldBytes: holders * heldBytesEach }
}

/** Whether enough was held back for a relay that keeps all of it to rise above its limit. */
export function doubtOfHeldBack(
  { holders, heldBytes }: HeldBack,
  riseBytes: number,
): Doubt | undefined {
  if (heldBytes >= 2 * riseBytes) return undefined
  const says =
    `${holders} clients sent ${mebibytes(heldBytes)} of unfinished messages; at least ` +
    `${mebibytes(2 * riseBytes)} are needed for an unbounded buffer to show.`
  return { rule: 'too-little', says, fix: 'see why clients did not connect' }
}

/** Clients that sent messages but for their ends: what a relay without a bound would hold of it. */
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

/** Whether so much was held back that a relay which keeps all of it rises by more than it may. */
export function doubtOfHeldBack(
  { holders, heldBytes }: HeldBack,
  riseBytes: number,
): Doubt | undefined {
  if (heldBytes >= 2 * riseBytes) return undefined
  const says =
    `${holders} clients held back the ends of ${mebibytes(heldBytes)}; at least ` +
    `${mebibytes(2 * riseBytes)} are needed to tell a bound from none.`
  return { rule: 'too-little', says, fix: 'see why clients did not connect' }
}

/**
 * Slots: how many clients of our address a target accepts. The truth is what the harness sees
 * itself: its own open connections, and new clients that are accepted or not.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Session, Window } from '../../history/windows.ts'
import type { Doubt, Violation } from './conclude.ts'

/** Clients of the fleet that are open at `t`, by what `isWanted` says of their sessions. */
export function openAt(
  history: History,
  t: Micros,
  isWanted: (session: Session) => boolean,
): number {
  let open = 0
  for (const sessions of history.sessions.values()) {
    for (const session of sessions) {
      const isOpen = session.begin <= t && (session.closed === undefined || session.end > t)
      if (isOpen && isWanted(session)) open += 1
    }
  }
  return open
}

/** New clients of a group that tried within a window: accepted, or a status; 0 is no answer. */
export interface Probes {
  readonly opened: number
  readonly refused: readonly (readonly [t: Micros, status: number])[]
  /** Those of `refused` that met the limit. */
  readonly limited: number
}

/** Status of a connection that the limit per address refuses. */
const tooMany = 429

export function probesOf(history: History, probe: string, { begin, end }: Window): Probes {
  const isWithin = (t: number, group: string) => t >= begin && t <= end && group === probe
  const refused = history
    .events('refused')
    .flatMap(({ t, group, status }) => (isWithin(t, group) ? [[t, status] as const] : []))
  return {
    opened: history.events('opened').filter(({ t, group }) => isWithin(t, group)).length,
    refused,
    limited: refused.filter(([, status]) => status === tooMany).length,
  }
}

/** A client that is not accepted must be refused by the status of the limit, and no other. */
export function otherRefusals({ refused }: Probes): Violation[] {
  return failedBy(refused)
}

/**
 * The same for clients that tried since `t`, to judge the effect of something that began then: a
 * status that occurred before was not caused by it.
 */
export function newRefusals(history: History, { refused }: Probes, t: Micros): Violation[] {
  const before = history.events('refused').filter(({ t: at }) => at < t)
  const known = new Set(before.map(({ status }) => status))
  return failedBy(refused.filter(([, status]) => !known.has(status)))
}

function failedBy(refused: Probes['refused']): Violation[] {
  return refused
    .filter(([, status]) => status !== tooMany)
    .map(([at, status]) => {
      const found = status === 0 ? 'it got no answer' : `it got status ${status}`
      const says = `A new client must be accepted or get status ${tooMany}; ${found}.`
      return { rule: 'new-client-failed', says, at }
    })
}

/** No client met the limit although more tried than it should accept: this proves nothing. */
export const noLimit = ({ opened, refused }: Probes): Doubt => ({
  rule: 'no-limit',
  says:
    `${opened} of ${opened + refused.length} clients of one address were accepted, and none was ` +
    `refused with status ${tooMany}: no limit was seen.`,
  fix: 'start the target with a limit on clients of one address, with --env if it has its own',
})

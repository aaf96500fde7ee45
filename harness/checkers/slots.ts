/**
 * Slots: what the target says of connected clients, held against what the fleet has open. A client
 * that does not read cannot see that it was closed, so the target's own count is the witness.
 */
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Session, Window } from '../history/windows.ts'
import type { Violation } from './conclude.ts'
import { median, points, type Point } from './series.ts'

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

/** The target's count of clients over time, less what it counts that is none of ours. */
export interface SlotCount {
  readonly samples: readonly Point[]
  /** What the target says beyond the fleet's own count while all is well; 1 on some relays. */
  readonly beyond: number
}

/** Undefined when the target does not tell how many clients it has. */
export function slotCount(history: History): SlotCount | undefined {
  const samples = points(history.signal('connectedClients'))
  if (samples.length === 0) return undefined
  const firstFault = history.faults[0]?.begin ?? Infinity
  const calm = samples.filter(({ t }) => t < firstFault)
  const differences = calm.map(({ t, v }) => v - openAt(history, t, () => true))
  return { samples, beyond: median(differences) ?? 0 }
}

/** A client is counted by one side a little before the other, when it comes and when it goes. */
const apartMicros = 200_000

/** Slots of a group's clients within a window: the target's count less everybody else's. */
export function slotsOf(
  history: History,
  { samples, beyond }: SlotCount,
  { begin, end }: Window,
  isOther: (session: Session) => boolean,
): Point[] {
  return samples
    .filter(({ t }) => t >= begin && t <= end)
    .map(({ t, v }) => {
      const others = [t - apartMicros, t, t + apartMicros].map((at) => openAt(history, at, isOther))
      // Others that have just come may not be counted yet; nobody holds fewer than no slots.
      return { t, v: Math.max(0, v - beyond - Math.max(...others)) }
    })
}

/** Since when the samples stay at or below `limit`; undefined if they do not at the end. */
export function belowSince(samples: readonly Point[], limit: number): Micros | undefined {
  const lastAbove = samples.findLastIndex(({ v }) => v > limit)
  return samples[lastAbove + 1]?.t
}

/** New clients that tried: let in, or met a status; 0 is no answer. */
export interface Probes {
  readonly opened: number
  readonly refused: readonly (readonly [t: number, status: number])[]
}

/** Status of a connection that the limit per address refuses. */
const tooMany = 429

export function probesOf(history: History, probe: string, { begin, end }: Window): Probes {
  const isWithin = (t: number, group: string) => t >= begin && t <= end && group === probe
  return {
    opened: history.events('opened').filter(([, t, , group]) => isWithin(t, group)).length,
    refused: history.events('refused').flatMap(([, t, group, status]) =>
      isWithin(t, group) ? [[t, status] as const] : [],
    ),
  }
}

export function refusals({ refused }: Probes): Violation[] {
  return refused.map(([at, status]) =>
    status === tooMany
      ? { rule: 'new-client-refused', says: 'A new client met 429: its slot was still taken.', at }
      : { rule: 'new-client-failed', says: `A new client was not let in (status ${status}).`, at },
  )
}

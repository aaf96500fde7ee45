/** Whether new clients get the slots of those that should be gone. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { Window } from '../../history/windows.ts'
import type { Violation } from './conclude.ts'
import { newRefusals, probesOf } from './slots.ts'
import type { Stall } from './stalls.ts'

const { joiningMicros } = tolerances

/** The outcome for new clients that tried to get a number of slots. */
export interface Freed {
  /** When the first of them was accepted or refused. */
  readonly at: Micros | undefined
  readonly opened: number
  /** Refused by the limit. */
  readonly limited: number
  /** Whether as many were accepted as expected. */
  readonly isEnough: boolean
  /** Whether enough tried, and were accepted or refused by the limit, to judge. */
  readonly isDecided: boolean
  /** Those refused for anything but the limit, which did not happen before. */
  readonly failed: readonly Violation[]
}

/** Clients of `probe` that tried within the window, for `wanted` slots. */
export function freedSlots(
  history: History,
  probe: string | undefined,
  window: Window,
  wanted: number,
): Freed {
  if (probe === undefined) {
    return { at: undefined, opened: 0, limited: 0, isEnough: false, isDecided: false, failed: [] }
  }
  const probes = probesOf(history, probe, window)
  const { opened, refused, limited } = probes
  const times = [
    ...history.events('opened').filter(({ group }) => group === probe).map(({ t }) => t),
    ...refused.map(([t]) => t),
  ].filter((t) => t >= window.begin && t <= window.end)
  return {
    at: times.length === 0 ? undefined : Math.min(...times),
    opened,
    limited,
    isEnough: opened >= wanted,
    // A client that failed otherwise may have held a slot.
    isDecided: opened + limited >= wanted && refused.length === limited,
    failed: newRefusals(history, probes, window.begin),
  }
}

/** Whether more clients of a group tried than there were slots, so that it took every slot. */
export function slotsTaken(history: History, group: string, { begin, clients }: Stall): boolean {
  const opened = clients.flatMap((client) =>
    (history.sessions.get(client) ?? []).filter((one) => one.begin <= begin && one.end >= begin),
  )
  const since = Math.min(...opened.map((session) => session.begin))
  return probesOf(history, group, { begin: since - joiningMicros, end: begin }).limited > 0
}


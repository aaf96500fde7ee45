/** An observer makes series of a run's events: while they come, and what is left at the end. */
import type { EventKind, EventOf, HistoryEvent } from '../history/event.ts'
import { kindOf } from '../history/event.ts'

type Sees = { readonly [K in EventKind]?: (event: EventOf<K>) => void }

export interface Observer {
  readonly sees: Sees
  /** Adds what is known only when all events were seen. */
  finish?(endMs: number): void
}

/** Hands each event to the observers of its kind. */
export function handingTo(observers: readonly Observer[]): (event: HistoryEvent) => void {
  const byKind = new Map<EventKind, ((event: never) => void)[]>()
  for (const { sees } of observers) {
    for (const [kind, see] of Object.entries(sees) as [EventKind, (event: never) => void][]) {
      byKind.set(kind, [...(byKind.get(kind) ?? []), see])
    }
  }
  return (event) => {
    for (const see of byKind.get(kindOf(event)) ?? []) see(event as never)
  }
}

/** Whole milliseconds of a time in the history. */
export const msOf = (micros: number): number => Math.round(micros / 1_000)

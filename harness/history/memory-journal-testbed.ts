/** A journal in memory, for tests that read what was written. */
import { systemClock } from '../../relay/world/clock.ts'
import { isOfKind, type EventKind, type EventOf, type HistoryEvent } from './event.ts'
import type { Journal } from './journal.ts'

export interface MemoryJournal extends Journal {
  readonly events: readonly HistoryEvent[]
  /** What was written of one kind, in order. */
  of<K extends EventKind>(kind: K): EventOf<K>[]
}

export function memoryJournal(): MemoryJournal {
  const originMs = systemClock.nowMs()
  const events: HistoryEvent[] = []
  return {
    events,
    of: <K extends EventKind>(kind: K) =>
      events.filter((event) => isOfKind(event, kind)),
    now: () => Math.round((systemClock.nowMs() - originMs) * 1_000),
    write: (event) => void events.push(event),
    flush: () => undefined,
    close: () => undefined,
    failure: undefined,
    get count() {
      return events.length
    },
  }
}

/** Hostile frames as they were sent: client, connection, alone or after others. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Session } from '../../history/windows.ts'
import type { HostileFrame } from '../../wire/hostile-frames.ts'

export interface Trial {
  readonly t: Micros
  readonly client: number
  readonly row: HostileFrame
  readonly session: Session
  /** When the next one was sent on the same connection; at its end there is none. */
  readonly next: Micros
  /** Whether it was the only one on its connection. */
  readonly isAlone: boolean
}

const saying = /^hostile(-alone)?:(.+)$/

/** Those of `rows`, in the order in which each client sent them. */
export function trialsOf(history: History, rows: readonly HostileFrame[]): Trial[] {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const found: Trial[] = []
  const sent = history.events('sent').filter(([, , , what]) => saying.test(what))
  for (const [client, frames] of Map.groupBy(sent, ([, , by]) => by)) {
    for (const session of history.sessions.get(client) ?? []) {
      const own = frames.filter(([, t]) => t >= session.begin && t <= session.end)
      for (const [index, [, t, , what]] of own.entries()) {
        const [, alone, name = ''] = saying.exec(what) ?? []
        const row = byName.get(name)
        if (row === undefined) continue
        const next = own[index + 1]?.[1] ?? Infinity
        const isAlone = alone !== undefined && own.length === 1
        found.push({ t, client, row, session, next, isAlone })
      }
    }
  }
  return found
}

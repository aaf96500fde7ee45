/** What tests of the fleet stand on: a fleet of each test's own, and relays for it to talk to. */
import { afterEach, beforeEach } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import type { ClientGroup } from './group.ts'
import type { Closed, EventKind } from '../history/event.ts'
import { FirstSights } from './first-sights.ts'
import { createFleet, type Fleet, type FleetOrder } from './fleet.ts'
import { memoryJournal, type MemoryJournal } from '../history/memory-journal-testbed.ts'
import { startRawServer } from '../wire/raw-server-testbed.ts'
import { referenceReader } from './reference-reader.ts'
import { dice } from '../world/dice.ts'

/** For tests of one file: all that is started in a test ends with it. */
export function fleetTestbed(seed: string) {
  let journal: MemoryJournal
  let fleet: Fleet
  const ends: (() => Promise<void> | void)[] = []
  beforeEach(() => {
    journal = memoryJournal()
    fleet = createFleet({
      clock: systemClock,
      journal,
      sights: new FirstSights(journal),
      garbledLeft: 100,
      readBuffer: Buffer.alloc(65_536),
      leaves: dice(`${seed}/leaves`),
      reference: (client) =>
        referenceReader({ clock: systemClock, journal, seed, change: undefined }, client),
    })
    ends.push(() => fleet.stop())
  })
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })
  const owned = async <S extends { close(): Promise<void> | void }>(starting: Promise<S>) => {
    const started = await starting
    ends.push(() => started.close())
    return started
  }
  const perform = (order: FleetOrder) => fleet.perform(order)
  return {
    perform,
    journal: () => journal,
    events: <K extends EventKind>(kind: K) => journal.of(kind),
    status: async () => (await perform({ do: 'status' })).groups['g']!,
    connect: (url: string, spec: Partial<ClientGroup> = {}, count = 1) => {
      const whole: ClientGroup = { count, reads: 'fast', ...spec }
      return perform({ do: 'connect', group: 'g', url, count, spec: whole, deadlineMs: 5_000 })
    },
    rawServer: (...args: Parameters<typeof startRawServer>) => owned(startRawServer(...args)),
    owned,
  }
}

/** What a history says of the end of a connection. */
export const howItEnded = ({ code, reason, by }: Closed) => [code, reason, by]

/** Order for lists whose own order is free. */
export const byText = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : 1)

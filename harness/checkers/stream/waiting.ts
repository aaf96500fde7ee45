/**
 * Records that nobody took: does the consumer stand still, or did the run end too early to tell?
 * The broker decides: it says whether the target's member held the partition in a stable group. A
 * member that is out of its group has a fault of this run to thank for it, or stands still too:
 * Kafka throws out who says nothing for a session.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { allowances } from '../reading/allowances.ts'
import type { StreamLimits } from './limits.ts'
import type { Ending } from './owed.ts'
import { refusableIn } from './exempt.ts'
import { isOnClients } from '../../history/windows.ts'

/** What became of the records of one partition that nobody took. */
export interface Waiting {
  readonly verdict: 'stalled' | 'too-short' | 'not-held' | 'halted'
  /** How long nothing was taken while the target could have. */
  readonly forMicros: Micros
  /** What the broker said of the group last. */
  readonly groupState: string
}

/** The last commit that the broker knew, and since when the target could have taken records. */
interface Held {
  readonly committed: number
  readonly groupState: string
  readonly isReady: boolean
  /** Time of the last sample. */
  readonly at: Micros
  /** Time of the first sample since which it held the partition in a stable group. */
  readonly readySince: Micros
  /** When the commit was last seen to move. */
  readonly movedAt: Micros
}

export interface Waits {
  /** First offset that was not committed at the end; undefined when nobody knows. */
  committed(partition: number): number | undefined
  /** About records from the one at `index` on, of which `lastArrival` was the last that came. */
  of(records: PartitionRecords, index: number, lastArrival: Micros): Waiting | undefined
}

export function waitsOf(
  history: History,
  ending: Ending,
  { stalledMs, sessionTimeoutMs }: Pick<StreamLimits, 'stalledMs' | 'sessionTimeoutMs'>,
  haltsAtPoison: boolean,
): Waits {
  const held = heldByPartition(history, ending)
  const hasHalted = haltsAtPoison && standsAtPoison(history, held)
  const lastFault = history.faults
    .filter((fault) => !isOnClients(fault))
    .reduce((last, { end }) => Math.max(last, end), 0)
  return {
    committed: (partition) => held.get(partition)?.committed,
    of(records, index, lastArrival) {
      const own = held.get(records.partition)
      if (own === undefined) return undefined
      const { groupState, isReady, at, readySince, movedAt } = own
      const ackedAt = records.ackedAt[index] as number
      const rejoinMs = lastFault > 0 ? sessionTimeoutMs + allowances.rejoinMs : 0
      const allowed = isReady ? readySince : lastFault + rejoinMs * 1_000
      const since = Math.max(ackedAt, lastArrival, movedAt, lastFault, allowed)
      const forMicros = Math.max(0, at - since)
      if (hasHalted) return { verdict: 'halted', forMicros, groupState }
      if (forMicros >= stalledMs * 1_000) return { verdict: 'stalled', forMicros, groupState }
      return { verdict: isReady ? 'too-short' : 'not-held', forMicros, groupState }
    },
  }
}

/**
 * Whether the next record to be read of some partition is one at which the relay was told to stop.
 * The contract has its whole consumer stop there, so that it takes nothing of the others either.
 */
function standsAtPoison(history: History, held: ReadonlyMap<number, Held>): boolean {
  const { records } = history.stream()
  return [...held].some(([partition, { committed }]) => {
    const own = records.get(partition)
    return own !== undefined && refusableIn(own).has(committed)
  })
}

/** Samples behind the end of settling show a target that is being ended. */
function heldByPartition(history: History, { at: end }: Ending): ReadonlyMap<number, Held> {
  const held = new Map<number, Held>()
  for (const [, at, , groupState, partitions] of history.events('lagtruth')) {
    if (at > end) break
    for (const [name, [, , told, isOwned]] of Object.entries(partitions)) {
      const before = held.get(Number(name))
      const committed = Math.max(0, Number(told))
      const isReady = isOwned && groupState === 'Stable'
      const readySince = isReady && before?.isReady === true ? before.readySince : at
      const movedAt = before?.committed === committed ? before.movedAt : at
      held.set(Number(name), { committed, groupState, isReady, at, readySince, movedAt })
    }
  }
  return held
}

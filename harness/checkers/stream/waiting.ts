/**
 * Records that were not read: did the consumer stall, or did the run end too early to tell? The
 * broker decides: it reports whether the target's member held the partition in a stable group. A
 * member that left its group was removed because of a fault of this run, or stalled too: Kafka
 * removes a member that is silent for a session timeout.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { allowances } from '../reading/allowances.ts'
import type { StreamLimits } from './limits.ts'
import type { Ending } from './owed.ts'
import { refusableIn } from './exempt.ts'
import { isOnClients } from '../../history/windows.ts'

/** The state of unread records of one partition. */
export interface Waiting {
  readonly verdict: 'stalled' | 'too-short' | 'not-held' | 'halted'
  /** How long nothing was read while the target could have. */
  readonly forMicros: Micros
  /** The last group state from the broker. */
  readonly groupState: string
}

/** The last commit at the broker, and since when the target could have read records. */
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
  /** First offset that was not committed at the end; undefined if not known. */
  committed(partition: number): number | undefined
  /** About records from the one at `index` on; `lastArrival` was the last of them that came. */
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
 * Whether the next record to read of a partition is one at which the relay is configured to stop.
 * Its whole consumer then stops, so that it reads nothing of the other partitions either.
 */
function standsAtPoison(history: History, held: ReadonlyMap<number, Held>): boolean {
  const { records } = history.stream()
  return [...held].some(([partition, { committed }]) => {
    const own = records.get(partition)
    return own !== undefined && refusableIn(own).has(committed)
  })
}

/** Samples after the end of settling show a target that is being stopped. */
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

/**
 * Why records may be missing at a client although the relay is right: something that the run did
 * removed them. A declared gap is accepted only with a reason for each record.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { Session, Window } from '../../history/windows.ts'
import type { Ranges } from '../../history/ranges.ts'
import { allowances } from '../reading/allowances.ts'
import { isWithin, type Causes } from './causes.ts'
import type { StreamLimits } from './limits.ts'

const { faultEdgeMicros } = tolerances
const { recoveryMicros, unstoredAtEndMicros } = allowances

/** `unknown`: an unknown limit may have removed the record. */
export type Reason = 'there' | 'none' | 'unknown'

/** The position of a declaration that names a record. */
export interface Telling {
  readonly t: Micros
  readonly session: Session
  /** It came between a resume and its answer, so it is about the replay buffer. */
  readonly isInReplay: boolean
  /** Lowest and highest offset of the record's partition in the replay, as far as known. */
  readonly lowest: number | undefined
  /** A replay ended at the known limit before, and what it left out begins after this offset. */
  readonly cappedAfter: number | undefined
}

export interface Reasons {
  /** Why the acknowledged record at `index` may be declared missing. */
  of(records: PartitionRecords, index: number, telling: Telling): Reason
}

/** `someone`: what at least one client got of a partition. */
export function reasonsOf(
  history: History,
  causes: Causes,
  limits: StreamLimits,
  someone: (partition: number) => Ranges | undefined,
): Reasons {
  const bursts = causes.pauses.map((window) => ({ window, reason: burst(history, window, limits) }))
  const live = (sentAt: Micros, { t, session }: Telling): Reason => {
    const slow = causes.slow(session).filter(({ begin }) => begin <= t)
    if (isWithin(slow, sentAt, faultEdgeMicros, faultEdgeMicros)) return 'there'
    const own = bursts.filter(
      ({ window }) =>
        window.begin <= t && isWithin([window], sentAt, faultEdgeMicros, recoveryMicros),
    )
    if (own.some(({ reason }) => reason === 'there')) return 'there'
    return own.some(({ reason }) => reason === 'unknown') ? 'unknown' : 'none'
  }
  return {
    of(records, index, telling) {
      const offset = records.offsets[index] as number
      const sentAt = records.sentAt[index] as Micros
      if (telling.cappedAfter !== undefined && offset > telling.cappedAfter) return 'there'
      const fromLive = live(sentAt, telling)
      if (!telling.isInReplay || fromLive === 'there') return fromLive
      const isTaken = someone(records.partition)?.has(offset) === true
      if (isForgotten(records.ackedAt[index] as Micros, sentAt, isTaken, telling, causes)) {
        return 'there'
      }
      return evicted(records, index, telling, limits)
    },
  }
}

/** What could not be delivered for a while comes in a burst: too much for a small ring. */
function burst(history: History, { begin, end }: Window, { ringRecordsMax }: StreamLimits): Reason {
  if (ringRecordsMax === undefined) return 'unknown'
  let waiting = 0
  for (const { ackedAt, length } of history.stream().records.values()) {
    for (let i = 0; i < length; i += 1) {
      const at = ackedAt[i] as number
      if (at >= begin && at <= end) waiting += 1
    }
  }
  return waiting > ringRecordsMax ? 'there' : 'none'
}

/** An outage of Redis, a reset, or the end of the process. */
function isForgotten(
  ackedAt: Micros,
  sentAt: Micros,
  isTaken: boolean,
  { t }: Telling,
  { redisOutages, resets, restarts }: Causes,
): boolean {
  if (isWithin(redisOutages, t, 0, recoveryMicros)) return true
  const outages = redisOutages.filter(({ begin }) => begin <= t)
  if (isUnstored(outages, sentAt)) return true
  if (resets.some(({ begin, end }) => begin <= t && ackedAt <= end + faultEdgeMicros)) return true
  if (!isTaken) return false
  return restarts.some(
    ({ begin }) => begin <= t && ackedAt <= begin && ackedAt >= begin - unstoredAtEndMicros,
  )
}

/** Whether a record sent at `sentAt` may not have reached Redis because of an outage. */
export const isUnstored = (outages: readonly Window[], sentAt: Micros): boolean =>
  isWithin(outages, sentAt, faultEdgeMicros, recoveryMicros)

/** The oldest are evicted first: nothing after a record that a replay still had was evicted. */
function evicted(
  { offsets, length }: PartitionRecords,
  index: number,
  { lowest }: Telling,
  { retainedRecords }: StreamLimits,
): Reason {
  const offset = offsets[index] as number
  if (lowest !== undefined && offset > lowest) return 'none'
  if (retainedRecords === undefined) return 'unknown'
  return (offsets[length - 1] as number) - offset >= retainedRecords ? 'there' : 'none'
}

/** What a client was owed within a connection, and what of it never came. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { tearDownPhase, type Session } from '../../history/windows.ts'
import type { SessionAccount } from './account.ts'

/** The end of the run, as far as deliveries go. */
export interface Ending {
  /**
   * When settling ended; what was acknowledged before must have arrived by then. Clients are
   * stopped only after it, so connections that end then are ended by the harness.
   */
  readonly at: Micros
  /** Whether the run settled at all: without it, late and lost look the same. */
  readonly isSettled: boolean
}

/** A run settles in the phase of that name; without it the end of a run is not conclusive. */
export function endingOf(history: History): Ending {
  const settle = history.phases.findLast(({ name }) => name === 'settle')
  if (settle?.hasEnded === true) return { at: settle.end, isSettled: true }
  return { at: history.phase(tearDownPhase)?.begin ?? history.end, isSettled: false }
}

/** A stretch of acknowledged records that one client was owed and did not get. */
export interface Hole extends Range {
  readonly partition: number
  readonly count: number
  /** Nothing later of the partition came in that connection. */
  readonly isTrailing: boolean
  readonly within: SessionAccount
}

/** For every partition: from which offset on everything was sent at `t` or later. */
export type SentSince = (t: Micros) => number | undefined

/** Answers "from which offset on was everything sent at t or later" by binary search. */
export function sentSince(records: PartitionRecords): SentSince {
  const { sentAt, length } = records
  const earliest = new Float64Array(length)
  let least = Infinity
  for (let i = length - 1; i >= 0; i -= 1) {
    least = Math.min(least, sentAt[i] as number)
    earliest[i] = least
  }
  return (t) => {
    let low = 0
    let high = length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((earliest[middle] as number) < t) low = middle + 1
      else high = middle
    }
    return records.offsets[low]
  }
}

/** What decides how much of the stream a connection is owed, besides its own records. */
export interface Terms {
  /** It asked to continue from its cursor, or had been closed without a cause. */
  readonly goesOn: boolean
  /** Everything that was acknowledged is owed, not only what lies before the last that came. */
  readonly owesTail: boolean
}

/** The offsets that a client was owed within one connection; undefined for none. */
export function owedWithin(
  account: SessionAccount,
  records: PartitionRecords,
  since: SentSince,
  { goesOn, owesTail }: Terms,
): Range | undefined {
  const { session, lowest, highest, cursor } = account
  const starts = [since(session.begin), lowest]
  if (goesOn && cursor !== undefined) starts.push(cursor + 1)
  const known = starts.filter((start) => start !== undefined)
  const last = owesTail ? records.lastOffset : highest
  if (known.length === 0 || last === undefined) return undefined
  const first = Math.min(...known)
  return first <= last ? { first, last } : undefined
}

/** Whether the connection outlived the run; one that a fault kept from reading is excused. */
export function isOpenAtEnd({ closed, stalls }: Session, { at, isSettled }: Ending): boolean {
  if (!isSettled || (closed !== undefined && closed.t < at)) return false
  return !stalls.some(({ begin, end }) => begin <= at && end >= at)
}

/** What of `owed` neither came nor is accounted for; only acknowledged records count. */
export function holesIn(
  owed: Range,
  within: SessionAccount,
  accounted: readonly Ranges[],
  records: PartitionRecords,
): Hole[] {
  let open: readonly Range[] = [owed]
  for (const set of accounted) {
    open = open.flatMap(({ first, last }) => set.missing(first, last))
  }
  return open.flatMap((range) => {
    const count = ackedWithin(range, records)
    const isTrailing = within.highest === undefined || range.first > within.highest
    const { partition } = records
    return count > 0 ? [{ partition, ...range, count, isTrailing, within }] : []
  })
}

/** How many acknowledged records there are from `first` to `last`. */
export function ackedWithin({ first, last }: Range, records: PartitionRecords): number {
  return indexFrom(records, last + 1) - indexFrom(records, first)
}

/** Index of the first acknowledged record at or behind an offset. */
export function indexFrom({ offsets, length }: PartitionRecords, offset: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((offsets[middle] as number) < offset) low = middle + 1
    else high = middle
  }
  return low
}

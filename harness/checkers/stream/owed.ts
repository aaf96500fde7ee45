/** What a client was owed within a connection, and what of it never came. */
import type { Micros } from '../../history/event.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import type { SessionAccount } from './account.ts'

/** The end of the run, as far as deliveries go. */
export interface Ending {
  /** When settling ended; what was acknowledged before must have arrived by then. */
  readonly at: Micros
  /** Whether the run settled at all: without it, late and lost look alike. */
  readonly isSettled: boolean
}

/** A stretch of acknowledged records that one client was owed and did not get. */
export interface Hole extends Range {
  readonly partition: number
  readonly count: number
  /** Nothing later of the partition came in that connection. */
  readonly isTrailing: boolean
  readonly within: SessionAccount
}

/** A client that still got records this shortly before the end is late, not deprived. */
const stillFedMicros = 500_000

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

/** The offsets that a client was owed within one connection; undefined for none. */
export function owedWithin(
  account: SessionAccount,
  records: PartitionRecords,
  since: SentSince,
  hasCursorResume: boolean,
  ending: Ending,
): Range | undefined {
  const { session, lowest, highest, cursor } = account
  const starts = [since(session.begin), lowest]
  if (hasCursorResume && cursor !== undefined) starts.push(cursor + 1)
  const known = starts.filter((start) => start !== undefined)
  const last = owesTail(account, ending) ? records.lastOffset : highest
  if (known.length === 0 || last === undefined) return undefined
  const first = Math.min(...known)
  return first <= last ? { first, last } : undefined
}

/** Whether the connection outlived the run and the client took records to its end. */
export function isOpenAtEnd({ session }: SessionAccount, ending: Ending): boolean {
  const { closed } = session
  return closed === undefined || (closed[5] === 'client' && closed[1] >= ending.at)
}

function owesTail(account: SessionAccount, ending: Ending): boolean {
  if (!ending.isSettled || !isOpenAtEnd(account, ending)) return false
  const { session, lastArrival } = account
  const isStalled = session.stalls.some(({ begin, end }) => begin <= ending.at && end >= ending.at)
  const isStillFed = lastArrival !== undefined && lastArrival > ending.at - stillFedMicros
  return !isStalled && !isStillFed
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

function ackedWithin({ first, last }: Range, records: PartitionRecords): number {
  let count = 0
  for (let offset = first; offset <= last; offset += 1) {
    if (records.indexOf(offset) >= 0) count += 1
  }
  return count
}

/**
 * The entry at a position in a record set: a batch, a message of an old format, or something that
 * is neither. The fields of an entry are untrusted until they match what was fetched.
 */
import { type Batch, batchOf, batchHeaderBytes, isIntact } from './batch.ts'

interface OldEntry {
  readonly kind: 'old'
  readonly lastOffset: bigint
  /** The whole entry. */
  readonly body: Buffer
  readonly bytes: number
}
/** An entry whose end is known, and whose content cannot be read. */
export interface BrokenEntry {
  readonly kind: 'broken'
  readonly lastOffset: bigint
  readonly body: Buffer
  readonly bytes: number
  readonly says: string
}
export type Entry = Batch | OldEntry | BrokenEntry

export interface Place {
  readonly set: Buffer
  readonly at: number
  /** The offset after everything that was read. */
  readonly next: bigint
  /**
   * The end of the log just before the broker read it; negative where it is unknown. Records that
   * were appended in between may be in the answer too.
   */
  readonly logEnd: bigint
}

/** Offset and length, which the length does not count. */
const prefixBytes = 12
const formatAt = 16
const newest = 2
const offsetMax = 2n ** 62n
/** Most messages in a compressed message of an old format; only its content has their number. */
const packedMessagesMax = 1_000_000n
/** Least length of each format, without the prefix. */
const lengthMin: Readonly<Record<number, number>> = { 0: 14, 1: 22 }

/** Undefined when the end of the entry was not fetched, or cannot be found. */
export function entryAt(place: Place): Entry | undefined {
  const { set, at } = place
  if (at + formatAt >= set.length) return undefined
  const format = set.readInt8(at + formatAt)
  const length = set.readInt32BE(at + 8)
  const bytes = prefixBytes + length
  const isWhole = at + bytes <= set.length
  if (length < (lengthMin[format] ?? batchHeaderBytes - prefixBytes) || !isWhole) return undefined
  const body = set.subarray(at, at + bytes)
  if (format === 0 || format === 1) {
    const lastOffset = body.readBigInt64BE(0)
    const isTrue = lastOffset >= 0n && lastOffset < knownEnd(place) + packedMessagesMax
    if (isTrue) return { kind: 'old', lastOffset, body, bytes }
    return broken(place, body, `it has offset ${lastOffset}`)
  }
  if (format !== newest) return broken(place, body, `its format ${format} is unknown`)
  const batch = batchOf(body)
  const { firstOffset, lastOffset } = batch
  const isOrdered = firstOffset >= 0n && lastOffset >= firstOffset
  if (isOrdered && (!isBeyond(place, lastOffset) || isAppended(place, batch))) return batch
  return broken(place, body, `its header claims the offsets ${firstOffset} to ${lastOffset}`)
}

function broken(place: Place, body: Buffer, says: string): BrokenEntry {
  const bytes = body.length
  return { kind: 'broken', lastOffset: lastOffsetAt(place, bytes), body, bytes, says }
}

/**
 * The last offset of an unreadable entry: that of its header if it is plausible, else the one
 * before the entry that follows it, else the next offset to read.
 *
 * @param bytes its length, where it is known
 */
export function lastOffsetAt(place: Place, bytes = Infinity): bigint {
  const { set, at, next } = place
  const isTrue = (last: bigint) => last >= next && !isBeyond(place, last)
  if (at + 27 <= set.length && set.readInt8(at + formatAt) >= newest) {
    const firstOffset = set.readBigInt64BE(at)
    const last = firstOffset + BigInt(set.readInt32BE(at + 23))
    if (firstOffset >= 0n && firstOffset <= next && isTrue(last)) return last
  }
  const following = at + bytes + 8 <= set.length ? set.readBigInt64BE(at + bytes) - 1n : -1n
  return isTrue(following) ? following : next
}

/**
 * Whether it can have been appended after the log end was read: it follows without a gap, and the
 * checksum, which does not cover the first offset of a batch, covers its last one.
 */
const isAppended = (place: Place, batch: Batch): boolean =>
  batch.firstOffset <= knownEnd(place) && isIntact(batch)

/** The known end of the log: everything before it existed when the answer was made. */
const knownEnd = ({ logEnd, next }: Place): bigint =>
  logEnd < 0n ? offsetMax : logEnd > next ? logEnd : next

const isBeyond = ({ logEnd }: Place, offset: bigint): boolean => logEnd >= 0n && offset >= logEnd

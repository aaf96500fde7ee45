/**
 * What lies at a place in a record set: a batch, a message of an old format, or something that is
 * neither. Nothing that an entry says of itself is believed before it fits what was fetched.
 */
import { type Batch, batchOf, batchHeaderBytes, isIntact } from './batch.ts'

interface OldEntry {
  readonly kind: 'old'
  readonly lastOffset: bigint
  /** All of it. */
  readonly body: Buffer
  readonly bytes: number
}
/** Its end is known, and what it holds is not. */
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
  /** The offset behind everything that was read. */
  readonly next: bigint
  /**
   * Where the log ended just before the broker read it; less than 0 where nobody knows. What was
   * appended in between may be in the answer too.
   */
  readonly logEnd: bigint
}

/** Offset and length: what stands before the bytes that the length counts. */
const prefixBytes = 12
const formatAt = 16
const newest = 2
const offsetMax = 2n ** 62n
/** How many messages of an old format one of them can hold, which only its content tells. */
const packedMessagesMax = 1_000_000n
/** The shortest that each format can be, without the prefix. */
const lengthMin: Readonly<Record<number, number>> = { 0: 14, 1: 22 }

/** Undefined when its end was not fetched, or cannot be found. */
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
  if (format !== newest) return broken(place, body, `its format, ${format}, is not known`)
  const batch = batchOf(body)
  const { firstOffset, lastOffset } = batch
  const isOrdered = firstOffset >= 0n && lastOffset >= firstOffset
  if (isOrdered && (!isBeyond(place, lastOffset) || isAppended(place, batch))) return batch
  return broken(place, body, `it claims to hold the offsets ${firstOffset} to ${lastOffset}`)
}

function broken(place: Place, body: Buffer, says: string): BrokenEntry {
  const bytes = body.length
  return { kind: 'broken', lastOffset: lastOffsetAt(place, bytes), body, bytes, says }
}

/**
 * The last offset that something unreadable stands for: what its header says if that can be true,
 * else what lies before the entry that follows it, else the one offset that was to be read.
 *
 * @param bytes its length, where that is known
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
 * Whether it can have been appended after the log end was read: nothing is missing there yet, and
 * the checksum, which does not cover where a batch begins, covers how far it goes.
 */
const isAppended = (place: Place, batch: Batch): boolean =>
  batch.firstOffset <= knownEnd(place) && isIntact(batch)

/** Everything before it was there when the answer was made. */
const knownEnd = ({ logEnd, next }: Place): bigint =>
  logEnd < 0n ? offsetMax : logEnd > next ? logEnd : next

const isBeyond = ({ logEnd }: Place, offset: bigint): boolean => logEnd >= 0n && offset >= logEnd

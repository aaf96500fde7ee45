/**
 * The byte log: the one ring that all clients share. It holds the wire format itself, so writing
 * records to a client is one slice for one socket, however many records it has, without a copy and
 * without work per record. Bounded in bytes and in records; the oldest segment is evicted first.
 *
 * Memory is the ring, plus what sockets still hold of evicted segments (`pinnedBytes`), which the
 * log only counts: the owner of the sockets has to keep it below a limit.
 */
import type { MissedRange } from './record.ts'
import { recordBytesMax, writeRecord } from './frames.ts'
import { type PartitionCount, Segment } from './segment.ts'

/** A reader's position: before the record `index` of `segment`. Only the log reads or moves it. */
export interface Cursor {
  segment: Segment
  index: number
}

/** Whole records as wire bytes, in order, and the segment that must be released after the write. */
export interface Slice {
  readonly bytes: Buffer
  readonly segment: Segment
}

export interface LogBounds {
  /** Bytes of all segments of the ring. */
  readonly bytesMax: number
  readonly recordsMax: number
}

const segmentBytesMax = 1_024 * 1_024
/** The ring evicts one segment at a time: with eight, it holds at least 7/8 of its bounds. */
const segmentsMin = 8

interface Totals {
  count: number
  firstOffset: bigint
  lastOffset: bigint
}

export class ByteLog {
  readonly #bounds: LogBounds
  readonly #segmentBytes: number
  readonly #segmentRecords: number
  readonly #totals = new Map<number, Totals>()
  #oldest: Segment
  #newest: Segment
  #ringBytes = 0
  #pinnedBytes = 0
  /** The last slice that was taken: readers that keep up take the same one. */
  #shared: { readonly slice: Slice; readonly from: number; readonly to: number } | undefined

  constructor(bounds: LogBounds) {
    this.#bounds = bounds
    this.#segmentBytes = Math.min(segmentBytesMax, Math.ceil(bounds.bytesMax / segmentsMin))
    this.#segmentRecords = Math.max(1, Math.floor(bounds.recordsMax / segmentsMin))
    this.#oldest = this.#newest = this.#begin(this.#segmentBytes, 0)
  }

  /** Records appended since the start; the ordinal of the next one. */
  get ordinal(): number {
    return this.#newest.firstOrdinal + this.#newest.count
  }

  /** Bytes of the ring's segments. */
  get ringBytes(): number {
    return this.#ringBytes
  }

  /** Records that the ring still holds. */
  get ringRecords(): number {
    return this.ordinal - this.#oldest.firstOrdinal
  }

  /** Bytes of segments that have left the ring and are still held by a socket. */
  get pinnedBytes(): number {
    return this.#pinnedBytes
  }

  /**
   * Appends one record, and evicts what no longer fits.
   *
   * @returns the value, as a view of the log
   */
  append(partition: number, offset: bigint, value: Uint8Array): Buffer {
    const needed = recordBytesMax(value.length)
    let segment = this.#newest
    const isFull = segment.used + needed > segment.size || segment.count >= this.#segmentRecords
    if (isFull) segment = this.#roll(needed)
    const end = writeRecord(segment.bytes, segment.used, partition, offset, value)
    segment.enter(partition, offset, end)
    this.#count(partition, offset)
    return segment.bytes.subarray(end - value.length, end)
  }

  /** Offsets begin again: records appended from now on do not follow those in the log. */
  reset(): void {
    for (const totals of this.#totals.values()) totals.lastOffset = -1n
    this.#roll(0)
  }

  /** A cursor before the next record that will be appended. */
  end(): Cursor {
    return { segment: this.#newest, index: this.#newest.count }
  }

  /** For every partition seen, the offset after its last record. */
  nextOffsets(): Map<number, bigint> {
    const next = new Map<number, bigint>()
    for (const [partition, { lastOffset }] of this.#totals) next.set(partition, lastOffset + 1n)
    return next
  }

  /** Share of the ring that a reader at this ordinal is behind; above 1 it is lapped. */
  shareBehind(ordinal: number): number {
    const records = this.ordinal - ordinal
    const recordBytes = this.#ringBytes / Math.max(1, this.ringRecords)
    const { bytesMax, recordsMax } = this.#bounds
    return Math.max(records / recordsMax, (records * recordBytes) / bytesMax)
  }

  /** Ordinal of the record after the cursor. */
  ordinalOf(cursor: Cursor): number {
    return cursor.segment.firstOrdinal + cursor.index
  }

  /** Whether records that the cursor has not read have left the ring. */
  isLapped(cursor: Cursor): boolean {
    return cursor.segment.isEvicted
  }

  /**
   * Takes whole records of at most `bytesMax` (but always one, if there is one), moves the cursor
   * past them and holds their segment. Every slice must be released with `release`.
   * A lapped cursor must be passed to `catchUp` first.
   *
   * @returns undefined at the end of the log
   */
  take(cursor: Cursor, bytesMax: number): Slice | undefined {
    while (cursor.index === cursor.segment.count) {
      const next = cursor.segment.next
      if (next === undefined) return undefined
      cursor.segment = next
      cursor.index = 0
    }
    const { segment, index: from } = cursor
    cursor.index = segment.indexBefore(segment.startOf(from) + bytesMax, from)
    segment.hold()
    return this.#slice(segment, from, cursor.index)
  }

  #slice(segment: Segment, from: number, to: number): Slice {
    const shared = this.#shared
    const isSame = shared?.slice.segment === segment && shared.from === from && shared.to === to
    if (isSame) return shared.slice
    const bytes = segment.bytes.subarray(segment.startOf(from), segment.startOf(to))
    const slice = { bytes, segment }
    this.#shared = { slice, from, to }
    return slice
  }

  /** The write of a slice has ended or failed. */
  release(segment: Segment): void {
    if (segment.release()) this.#pinnedBytes -= segment.size
  }

  /**
   * Moves a lapped cursor to the oldest record of the ring.
   *
   * @returns exactly what lies between, by partition; empty if nothing does
   */
  catchUp(cursor: Cursor): MissedRange[] {
    const missed = this.#between(cursor, this.#oldest.before)
    cursor.segment = this.#oldest
    cursor.index = 0
    return missed
  }

  /** The records after the cursor, by partition; empty at the end of the log. */
  unread(cursor: Cursor): MissedRange[] {
    return this.#between(cursor, this.#totals)
  }

  /** Of each partition the records between the cursor and a later position. */
  #between({ segment, index }: Cursor, end: ReadonlyMap<number, PartitionCount>): MissedRange[] {
    const read = new Map<number, Totals>()
    const unread = new Map<number, bigint>()
    for (let at = 0; at < segment.count; at += 1) {
      const partition = segment.partitionOf(at)
      if (at < index) countIn(read, partition, segment.offsetOf(at))
      else if (!unread.has(partition)) unread.set(partition, segment.offsetOf(at))
    }
    const ranges: MissedRange[] = []
    for (const [partition, upTo] of end) {
      const before = segment.before.get(partition)
      const own = read.get(partition)
      const count = upTo.count - (before?.count ?? 0) - (own?.count ?? 0)
      if (count === 0) continue
      const last = own?.lastOffset ?? before?.lastOffset
      const firstOffset =
        unread.get(partition) ??
        (last === undefined ? this.#totals.get(partition)!.firstOffset : last + 1n)
      ranges.push({ partition, firstOffset, lastOffset: upTo.lastOffset, count })
    }
    return ranges
  }

  #count(partition: number, offset: bigint): void {
    countIn(this.#totals, partition, offset)
  }

  #roll(needed: number): Segment {
    const previous = this.#newest
    const segment = this.#begin(Math.max(this.#segmentBytes, needed), this.ordinal)
    previous.next = this.#newest = segment
    while (this.#isOverfull()) this.#evict()
    return segment
  }

  #begin(size: number, ordinal: number): Segment {
    const before = new Map<number, PartitionCount>()
    for (const [partition, { count, lastOffset }] of this.#totals) {
      before.set(partition, { count, lastOffset })
    }
    this.#ringBytes += size
    return new Segment(size, ordinal, before)
  }

  #isOverfull(): boolean {
    if (this.#oldest === this.#newest) return false
    const recordsAfterThis = this.ringRecords + this.#segmentRecords
    return this.#ringBytes > this.#bounds.bytesMax || recordsAfterThis > this.#bounds.recordsMax
  }

  #evict(): void {
    const segment = this.#oldest
    this.#oldest = segment.next!
    segment.isEvicted = true
    // A reader that stays behind must not keep all later segments in memory.
    segment.next = undefined
    this.#ringBytes -= segment.size
    if (segment.isHeld) this.#pinnedBytes += segment.size
    segment.forgetBytes()
    if (this.#shared?.slice.segment === segment) this.#shared = undefined
  }
}

function countIn(totals: Map<number, Totals>, partition: number, offset: bigint): void {
  const known = totals.get(partition)
  if (known === undefined) {
    totals.set(partition, { count: 1, firstOffset: offset, lastOffset: offset })
    return
  }
  known.count += 1
  known.lastOffset = offset
}

/**
 * A segment of the byte log: wire bytes of records, appended once and never rewritten, and an index
 * of where each record ends. The bytes of an evicted segment stay in memory only in slices that
 * sockets still hold, and its index while the cursor of a client is in it.
 */

/** The records of one partition before a segment began. */
export interface PartitionCount {
  readonly count: number
  readonly lastOffset: bigint
}

const noBytes = Buffer.alloc(0)
const indexLengthMin = 64

export class Segment {
  /** Ordinal of its first record; ordinals count all records of the log from 0. */
  readonly firstOrdinal: number
  /** Per partition, what came before this segment. */
  readonly before: ReadonlyMap<number, PartitionCount>
  /** Allocated bytes, which count against the bounds. */
  readonly size: number
  bytes: Buffer
  used = 0
  count = 0
  next: Segment | undefined = undefined
  isEvicted = false
  #holders = 0
  #ends = new Uint32Array(indexLengthMin)
  #partitions = new Int32Array(indexLengthMin)
  #offsets = new BigInt64Array(indexLengthMin)

  constructor(size: number, firstOrdinal: number, before: ReadonlyMap<number, PartitionCount>) {
    this.size = size
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.firstOrdinal = firstOrdinal
    this.before = before
  }

  /** Enters the record that was just written up to `end`. */
  enter(partition: number, offset: bigint, end: number): void {
    if (this.count === this.#ends.length) this.#growIndex()
    this.#ends[this.count] = end
    this.#partitions[this.count] = partition
    this.#offsets[this.count] = offset
    this.count += 1
    this.used = end
  }

  /** Where the record at `index` begins. */
  startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!
  }

  /** Index after the last whole record that ends at or before `end`, but at least `index` + 1. */
  indexBefore(end: number, index: number): number {
    if (end >= this.used) return this.count
    let low = index + 1
    let high = this.count
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#ends[middle - 1]! <= end) low = middle
      else high = middle - 1
    }
    return low
  }

  partitionOf(index: number): number {
    return this.#partitions[index]!
  }

  offsetOf(index: number): bigint {
    return this.#offsets[index]!
  }

  get isHeld(): boolean {
    return this.#holders > 0
  }

  hold(): void {
    this.#holders += 1
  }

  /** @returns whether this was the last holder of a segment that has left the ring */
  release(): boolean {
    this.#holders -= 1
    return this.isEvicted && this.#holders === 0
  }

  /** Releases the bytes: they are not read here again, and existing views stay valid. */
  forgetBytes(): void {
    this.bytes = noBytes
  }

  #growIndex(): void {
    const ends = new Uint32Array(this.#ends.length * 2)
    const partitions = new Int32Array(ends.length)
    const offsets = new BigInt64Array(ends.length)
    ends.set(this.#ends)
    partitions.set(this.#partitions)
    offsets.set(this.#offsets)
    this.#ends = ends
    this.#partitions = partitions
    this.#offsets = offsets
  }
}

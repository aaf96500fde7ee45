/**
 * The memory tier of the replay buffer: the newest records of all partitions in the order of
 * arrival, bounded in records and in bytes; the oldest are evicted first. Records that are still
 * being written to Redis stay until they are stored or dropped, so that no record is in neither
 * tier for a while.
 *
 * It knows which offsets it covers: a stretch is a record, or offsets that no client ever gets.
 * Offsets between two stretches that are not adjacent are unknown.
 */
import Denque from 'denque'
import type { Retained } from './seam.ts'
import type { PageLimits } from './pages.ts'
import type { Run, Stretch } from './stretch.ts'

interface Kept extends Stretch {
  /** Number in the order of arrival. */
  readonly ordinal: number
}

export interface MemoryBounds {
  /** Stretches, of all partitions together. */
  readonly recordsMax: number
  readonly bytesMax: number
}

/** Memory of an entry in addition to its value: an upper estimate. */
const overheadBytes = 160

export class MemoryTier {
  readonly #bounds: MemoryBounds
  readonly #partitions = new Map<number, Denque<Kept>>()
  /** The partitions of all entries, in the order of arrival. */
  #order = new Denque<number>()
  #ordinal = 0
  #bytes = 0

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds
  }

  get records(): number {
    return this.#order.length
  }
  get bytes(): number {
    return this.#bytes
  }
  /** The ordinal that the next entry will get. */
  get nextOrdinal(): number {
    return this.#ordinal
  }

  /** Adds the next stretch of a partition; one that is not beyond the last is ignored. */
  add(partition: number, stretch: Stretch): boolean {
    const known = this.#partitions.get(partition) ?? new Denque<Kept>()
    const newest = known.peekBack()
    if (newest !== undefined && stretch.first <= newest.last) return false
    this.#partitions.set(partition, known)
    known.push({ ...stretch, ordinal: this.#ordinal++ })
    this.#order.push(partition)
    this.#bytes += costOf(stretch)
    return true
  }

  /** Evicts down to the bounds, but nothing from `keepFrom` on, which the write queue bounds. */
  evict(keepFrom: number): void {
    while (this.records > this.#bounds.recordsMax || this.#bytes > this.#bounds.bytesMax) {
      const partition = this.#order.peekFront()
      if (partition === undefined) return
      const known = this.#partitions.get(partition)!
      const oldest = known.peekFront()!
      if (oldest.ordinal >= keepFrom) return
      known.shift()
      this.#order.shift()
      this.#bytes -= costOf(oldest)
      if (known.length === 0) this.#partitions.delete(partition)
    }
  }

  partitions(): number[] {
    return [...this.#partitions.keys()]
  }

  /** First and last offset that the tier covers. */
  span(partition: number): Retained | undefined {
    const known = this.#partitions.get(partition)
    return known && { oldest: known.peekFront()!.first, newest: known.peekBack()!.last }
  }

  /** The first offset from `from` on that the tier covers. */
  nextKnown(partition: number, from: bigint): bigint | undefined {
    const known = this.#partitions.get(partition)
    const found = known?.peekAt(firstReaching(known, from))
    if (found === undefined) return undefined
    return found.first > from ? found.first : from
  }

  /** Consecutive stretches from `from` on, up to the limits; undefined if `from` is unknown. */
  run(partition: number, from: bigint, limits: PageLimits): Run | undefined {
    if (this.nextKnown(partition, from) !== from) return undefined
    const known = this.#partitions.get(partition)!
    const stretches: Stretch[] = []
    let bytes = 0
    let next = from
    for (let at = firstReaching(known, from); ; at++) {
      const stretch = known.peekAt(at)
      if (stretch === undefined || stretch.first > next) return { stretches, hasMore: false }
      const cost = costOf(stretch)
      if (stretches.length === 0 && cost > limits.firstBytesMax) {
        return { stretches, hasMore: true, neededBytes: cost }
      }
      const isFull = stretches.length > 0 && bytes + cost > limits.bytesMax
      if (isFull || stretches.length >= limits.recordsMax) return { stretches, hasMore: true }
      stretches.push(stretch)
      bytes += cost
      next = stretch.last + 1n
    }
  }

  /** Removes everything; ordinals continue. */
  clear(): void {
    this.#partitions.clear()
    this.#order = new Denque()
    this.#bytes = 0
  }
}

const costOf = ({ value }: Stretch) => overheadBytes + (value?.length ?? 0)

/** Index of the first stretch that ends at `from` or later; past the end when there is none. */
function firstReaching(known: Denque<Kept>, from: bigint): number {
  let [low, high] = [0, known.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (known.peekAt(middle)!.last >= from) high = middle
    else low = middle + 1
  }
  return low
}

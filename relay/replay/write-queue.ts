/**
 * The queue of writes to Redis: blocks that wait, and batches in flight. Bounded in bytes, both
 * together; when full, the oldest waiting block is dropped, so that a slow Redis ends up with the
 * newest records.
 */
import Denque from 'denque'
import {
  beginBlock,
  type BlockBounds,
  extendBlock,
  type OpenBlock,
  recordsOf,
} from './blocks.ts'
import type { Stretch } from './stretch.ts'

export interface QueueBounds {
  readonly bytesMax: number
  /** Of a block; one record may be larger. */
  readonly block: BlockBounds
  readonly batchBytesMax: number
}

interface Waiting {
  readonly block: OpenBlock
  readonly ordinal: number
}
/** Blocks that are sent in one round trip. */
export interface Batch {
  readonly blocks: readonly OpenBlock[]
  readonly bytes: number
  readonly records: number
  /** Ordinal of its first entry in the memory tier. */
  readonly ordinal: number
}

const bytesIn = (blocks: readonly OpenBlock[]) => blocks.reduce((sum, one) => sum + one.bytes, 0)
const batchOf = (blocks: readonly OpenBlock[], ordinal: number): Batch => ({
  blocks,
  bytes: bytesIn(blocks),
  records: recordsOf(blocks),
  ordinal,
})

export class WriteQueue {
  readonly #bounds: QueueBounds
  #waiting = new Denque<Waiting>()
  /** The newest waiting block of each partition, which may still grow. */
  readonly #growing = new Map<number, OpenBlock>()
  readonly #sent = new Set<Batch>()
  /** Batches that came back and go first, in the order of their records. */
  #back: Batch[] = []
  #waitingBytes = 0
  /** Bytes that were sent or have come back. */
  #sentBytes = 0

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  /** Bytes that wait or are in flight. */
  get bytes(): number {
    return this.#waitingBytes + this.#sentBytes
  }
  get batchesSent(): number {
    return this.#sent.size
  }
  get hasFullBatch(): boolean {
    return this.#waitingBytes >= this.#bounds.batchBytesMax
  }
  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** The memory tier's ordinal from which on entries are not in Redis yet. */
  get oldestOrdinal(): number {
    const [sent] = this.#sent
    const first = Math.min(sent?.ordinal ?? Infinity, this.#back[0]?.ordinal ?? Infinity)
    return Math.min(first, this.#waiting.peekFront()?.ordinal ?? Infinity)
  }

  /** Adds the next stretch of a partition. Returns the number of records dropped for it. */
  add(partition: number, stretch: Stretch, ordinal: number): number {
    const growing = this.#growing.get(partition)
    const before = growing?.bytes ?? 0
    if (growing !== undefined && extendBlock(growing, stretch, this.#bounds.block)) {
      this.#waitingBytes += growing.bytes - before
    } else {
      const block = beginBlock(partition, stretch)
      this.#growing.set(partition, block)
      this.#waiting.push({ block, ordinal })
      this.#waitingBytes += block.bytes
    }
    return this.#shed()
  }

  /** The next batch; undefined when there is nothing to send. */
  send(): Batch | undefined {
    const again = this.#back.shift()
    if (again !== undefined) {
      this.#sent.add(again)
      return again
    }
    const ordinal = this.#waiting.peekFront()?.ordinal
    if (ordinal === undefined) return undefined
    const blocks: OpenBlock[] = []
    let bytes = 0
    while (!this.isEmpty && bytes < this.#bounds.batchBytesMax) {
      const block = this.#next()
      blocks.push(block)
      bytes += block.bytes
    }
    const batch = batchOf(blocks, ordinal)
    this.#sent.add(batch)
    this.#sentBytes += batch.bytes
    return batch
  }

  /**
   * A batch was stored, or has failed.
   *
   * @param back blocks of it that were certainly not stored and are sent again, before all others
   */
  settle(batch: Batch, back: readonly OpenBlock[] = []): void {
    if (!this.#sent.delete(batch)) return
    this.#sentBytes -= batch.bytes
    if (back.length === 0) return
    const again = batchOf(back, batch.ordinal)
    // One that came back before and was sent again goes in front of those that wait there.
    const at = this.#back.findLastIndex(({ ordinal }) => ordinal < again.ordinal) + 1
    this.#back.splice(at, 0, again)
    this.#sentBytes += again.bytes
  }

  /** Drops what waits; batches in flight are settled by their sender. Returns the records. */
  clear(): number {
    let records = 0
    while (this.#back.length > 0) records += this.#giveUpFirst()
    while (!this.isEmpty) records += this.#next().records.length
    return records
  }

  #giveUpFirst(): number {
    const batch = this.#back.shift()
    this.#sentBytes -= batch?.bytes ?? 0
    return batch?.records ?? 0
  }

  #next(): OpenBlock {
    const { block } = this.#waiting.shift()!
    this.#waitingBytes -= block.bytes
    if (this.#growing.get(block.partition) === block) this.#growing.delete(block.partition)
    return block
  }

  #shed(): number {
    let records = 0
    const isOver = () => this.bytes > this.#bounds.bytesMax
    while (isOver() && this.#back.length > 0) records += this.#giveUpFirst()
    while (isOver() && !this.isEmpty) {
      records += this.#next().records.length
    }
    return records
  }
}

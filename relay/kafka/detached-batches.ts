/**
 * Which partitions are fetched. kafkajs fetches again only when all batches of a fetch are done, so
 * one batch that waits, for clients to keep up or for a large record to be judged, would block
 * every partition. That batch is detached instead: its partition is paused, fetching goes on
 * without it, and the partition is resumed after the batch once that is done.
 *
 * Detached batches are bounded in bytes. A batch that does not fit, or without which there would be
 * nothing to fetch, blocks fetching until another detached batch is done.
 */
import { recordBytes } from './batches/allowance.ts'
import { type Fetched, leaveAnswer } from './batches/fetched.ts'

/** The calls into the Kafka client. */
export interface Fetches {
  pause(partition: number): void
  resume(partitions: readonly number[]): void
}

/** A batch that is being processed. */
export class PendingBatch {
  readonly fetched: Fetched
  readonly bytes: number
  readonly #detached = Promise.withResolvers<void>()
  /** Whether it waits. */
  isSlow = false
  isDetached = false
  /** Its partition is read from another offset, or by another member. */
  isVoid = false

  constructor(fetched: Fetched) {
    this.fetched = fetched
    this.bytes = fetched.bytes + fetched.records.length * recordBytes
  }

  get partition(): number {
    return this.fetched.partition
  }

  /** Settles when fetching goes on without it. */
  get detached(): Promise<void> {
    return this.#detached.promise
  }

  detach(): void {
    this.isDetached = true
    leaveAnswer(this.fetched)
    this.#detached.resolve()
  }
}

export class DetachedBatches {
  readonly #fetches: Fetches
  readonly #bytesMax: number
  readonly #underWay = new Map<number, PendingBatch>()
  #partitions: readonly number[] = []
  /** Partitions that are paused until `resume`. */
  readonly #stopped = new Set<number>()
  /** Bytes of all detached batches, void ones too: they are in memory until they are done. */
  bytes = 0

  constructor(fetches: Fetches, bytesMax: number) {
    this.#fetches = fetches
    this.#bytesMax = bytesMax
  }

  /** A new assignment; pending batches are void. All of its partitions are read. */
  assigned(partitions: readonly number[]): void {
    this.void()
    this.#stopped.clear()
    this.#partitions = partitions
  }

  /** Pending batches will be processed by another member, or again. */
  void(): void {
    for (const one of this.#underWay.values()) one.isVoid = true
    this.#underWay.clear()
  }

  /** Pauses a partition until `resume`. */
  stop(partition: number): void {
    this.#stopped.add(partition)
    this.#fetches.pause(partition)
  }

  /** Resumes partitions that were stopped, or that are read from another offset now. */
  resume(partitions: readonly number[], isElsewhere: boolean): void {
    for (const partition of partitions) {
      this.#stopped.delete(partition)
      if (isElsewhere) this.#forget(partition)
    }
    const isFree = (partition: number) => this.#underWay.get(partition)?.isDetached !== true
    const free = partitions.filter(isFree)
    if (free.length > 0) this.#fetches.resume(free)
    this.#look()
  }

  begin(fetched: Fetched): PendingBatch {
    const one = new PendingBatch(fetched)
    this.#underWay.set(one.partition, one)
    return one
  }

  /** The batch waits: fetching goes on without it as soon as that is possible. */
  slow(one: PendingBatch): void {
    one.isSlow = true
    this.#look()
  }

  /** The batch is done or abandoned. */
  end(one: PendingBatch): void {
    if (one.isDetached) this.bytes -= one.bytes
    if (!one.isVoid) {
      this.#underWay.delete(one.partition)
      const isRead = one.isDetached && !this.#stopped.has(one.partition)
      if (isRead) this.#fetches.resume([one.partition])
    }
    this.#look()
  }

  #forget(partition: number): void {
    const one = this.#underWay.get(partition)
    if (one === undefined) return
    one.isVoid = true
    this.#underWay.delete(partition)
  }

  #look(): void {
    for (const one of this.#underWay.values()) {
      if (!one.isSlow || one.isDetached || !this.#fits(one) || this.#isAlone(one)) continue
      this.bytes += one.bytes
      this.#fetches.pause(one.partition)
      one.detach()
    }
  }

  /** A batch above the limit fits when no other one is detached. */
  #fits({ bytes }: PendingBatch): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.#bytesMax
  }

  /** With nothing to fetch the library would sleep, and resumed partitions would wait for it. */
  #isAlone({ partition }: PendingBatch): boolean {
    return this.#partitions.every((other) => {
      const isDetached = this.#underWay.get(other)?.isDetached === true
      return other === partition || this.#stopped.has(other) || isDetached
    })
  }
}

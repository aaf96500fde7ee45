/**
 * Checks records against the sequences of their threads, and counts missing, duplicate and
 * reordered ones. It only counts: every record is delivered to clients.
 */
import { LRUCache } from 'lru-cache'
import type { Share } from '../limits/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** A thread of a record, as decoding sees it. */
export interface Numbered {
  readonly thread: string
  /** The largest of the record. */
  readonly sequence: bigint
  /** Where it stands for more than one event. */
  readonly spans?: readonly { readonly first: bigint; readonly last: bigint }[]
}

/** Most threads tracked per partition; a dropped one starts again. */
const threadsMax = 10_000
/** Longest name of a tracked thread. */
const threadLengthMax = 256
/** Memory of a thread in addition to its name: a number, and entries in maps. */
const threadBytes = 160

type Threads = LRUCache<string, bigint>

export class Sequences {
  readonly #metrics: Metrics
  readonly #share: Pick<Share, 'add' | 'excessBytes'>
  /** The next sequence of each thread, by partition. */
  readonly #next = new Map<number, Threads>()

  /** @param share memory of all threads */
  constructor(metrics: Metrics, share: Pick<Share, 'add' | 'excessBytes'>) {
    this.#metrics = metrics
    this.#share = share
  }

  /** The record that follows in this partition. */
  take(partition: number, threads: readonly Numbered[]): void {
    for (const { thread, sequence, spans } of threads) {
      if (thread.length > threadLengthMax) continue
      if (spans === undefined) this.#judge(partition, thread, sequence, sequence)
      else for (const { first, last } of spans) this.#judge(partition, thread, first, last)
    }
  }

  /** Resets all sequences: partitions were reassigned, or the topic was recreated. */
  forgetAll(): void {
    for (const threads of this.#next.values()) threads.clear()
    this.#next.clear()
  }

  #judge(partition: number, thread: string, first: bigint, last: bigint): void {
    const threads = this.#threadsOf(partition)
    const next = threads.peek(thread)
    if (next !== undefined && first > next) this.#missing(first - next)
    if (next !== undefined && first < next) this.#again(next, first, last)
    if (next === undefined || last >= next) threads.set(thread, last + 1n)
    if (next === undefined) this.#remembered(threads, thread)
  }

  /** A partition with new threads drops its own old ones first. */
  #remembered(threads: Threads, thread: string): void {
    this.#share.add(costOf(thread))
    while (threads.size > 1 && this.#share.excessBytes > 0) threads.pop()
    while (this.#share.excessBytes > 0 && this.#largest().pop() !== undefined);
  }

  #largest(): Threads {
    return [...this.#next.values()].reduce((most, one) => (one.size > most.size ? one : most))
  }

  #missing(count: bigint): void {
    this.#metrics.sequenceGaps.add()
    this.#metrics.sequenceGapSize.observe(Number(count))
  }

  /** The newest known sequence again is a duplicate, older ones are reordered. */
  #again(next: bigint, first: bigint, last: bigint): void {
    const newest = next - 1n
    const isDouble = last >= newest
    const older = (isDouble ? newest : last + 1n) - first
    if (isDouble) this.#metrics.sequenceDuplicates.add()
    this.#metrics.sequenceReorders.add(Number(older))
  }

  #threadsOf(partition: number): Threads {
    const known = this.#next.get(partition)
    if (known !== undefined) return known
    const threads: Threads = new LRUCache<string, bigint>({
      // Not `max`: that allocates 220 kB per partition before its first thread.
      maxSize: threadsMax,
      sizeCalculation: () => 1,
      noDisposeOnSet: true,
      dispose: (_, thread) => this.#share.add(-costOf(thread)),
    })
    this.#next.set(partition, threads)
    return threads
  }
}

const costOf = (thread: string): number => threadBytes + 2 * thread.length

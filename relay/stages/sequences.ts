/**
 * Holds what is taken against the sequences of its threads, and counts what is missing, doubled or
 * out of order. It judges only: every record goes on to clients whatever is found.
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

/** Threads that are remembered per partition at most; one that is forgotten begins anew. */
const threadsMax = 10_000
/** Characters of a thread that is remembered at all. */
const threadLengthMax = 256
/** What a thread costs beside its name: a number, and places in maps. */
const threadBytes = 160

type Threads = LRUCache<string, bigint>

export class Sequences {
  readonly #metrics: Metrics
  readonly #share: Pick<Share, 'add' | 'excessBytes'>
  /** The next sequence of each thread, by partition. */
  readonly #next = new Map<number, Threads>()

  /** @param share what all threads together may take */
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

  /** What comes next is not what followed: partitions began anew, or were away. */
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

  /** The partition that brings new threads forgets its own first. */
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

  /** The newest known one once more is a duplicate, older ones are out of order. */
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
      // Not `max`: that takes 220 kB of a partition before its first thread.
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

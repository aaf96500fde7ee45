/**
 * The deliveries of one client on their way into the history: runs of consecutive offsets become
 * one event, so that a million deliveries stay a few megabytes, without losing a single arrival.
 */
import type { Journal } from '../history/journal.ts'
import type { Micros } from '../history/event.ts'
import type { FirstSights } from './first-sights.ts'

export type DeliveryPath = 'live' | 'replay'

/** A run is written once it is this old, and before it holds more numbers than this. */
const runMicrosMax = 1_000_000
const arrivalsMax = 512

/** The run of one partition that is still growing, and the partition's highest offset so far. */
interface Run {
  readonly partition: number
  highest: number
  t: Micros
  lastT: Micros
  first: number
  count: number
  path: DeliveryPath
  arrivals: number[]
}

export class DeliveryLog {
  readonly #journal: Journal
  readonly #sights: FirstSights
  readonly #client: number
  readonly #runs = new Map<number, Run>()
  /** Records of consecutive offsets come in the same partition, mostly. */
  #latest: Run | undefined
  /** Deliveries so far. */
  count = 0

  constructor(journal: Journal, sights: FirstSights, client: number) {
    this.#journal = journal
    this.#sights = sights
    this.#client = client
  }

  /** A record arrived, with the bytes of its first sight. */
  add(t: Micros, partition: number, offset: number, path: DeliveryPath): void {
    this.count += 1
    const run = this.#latest?.partition === partition ? this.#latest : this.#runOf(partition)
    this.#latest = run
    if (offset > run.highest) run.highest = offset
    const isNext = offset === run.first + run.count && path === run.path
    if (!isNext || run.arrivals.length >= arrivalsMax) this.#write(run)
    if (run.count === 0) {
      run.t = t
      run.lastT = t
      run.first = offset
      run.path = path
      run.arrivals.push(0, 0)
    } else if (t !== run.lastT) {
      run.arrivals.push(t - run.lastT, 0)
      run.lastT = t
    }
    run.count += 1
    run.arrivals[run.arrivals.length - 1]! += 1
  }

  /** Writes all runs: done before a control frame is, so that the file keeps their order. */
  flush(): void {
    for (const run of this.#runs.values()) this.#write(run)
  }

  /** Writes the runs that have grown old. */
  sweep(now: Micros): void {
    for (const run of this.#runs.values()) {
      if (run.count > 0 && now - run.t >= runMicrosMax) this.#write(run)
    }
  }

  /** Highest offset per partition: the cursor of this client. */
  *cursor(): Generator<readonly [partition: number, offset: number]> {
    for (const run of this.#runs.values()) yield [run.partition, run.highest]
  }

  /** Highest offset of a partition; undefined if nothing of it came yet. */
  highest(partition: number): number | undefined {
    return this.#runs.get(partition)?.highest
  }

  #runOf(partition: number): Run {
    const known = this.#runs.get(partition)
    if (known !== undefined) return known
    const run: Run = {
      partition,
      highest: -1,
      t: 0,
      lastT: 0,
      first: 0,
      count: 0,
      path: 'live',
      arrivals: [],
    }
    this.#runs.set(partition, run)
    return run
  }

  #write(run: Run): void {
    const { partition, count, arrivals, t, first, path } = run
    if (count === 0) return
    this.#sights.flush(partition)
    run.count = 0
    run.arrivals = []
    const from = String(first)
    this.#journal.write(['delivered', t, this.#client, partition, from, count, arrivals, path])
  }
}

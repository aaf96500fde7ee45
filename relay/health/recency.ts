/**
 * How often something happened recently, and when last. Health is decided from these and never from
 * lifetime totals, so that alerts clear.
 */
import type { Clock } from '../world/clock.ts'

const buckets = 120

/**
 * Counts over a sliding window, in constant memory. An event is counted for at least the window
 * and for at most one bucket (1/120 of it) longer: never too short.
 */
export class Recency {
  readonly #clock: Clock
  readonly #bucketMs: number
  readonly #counts = new Float64Array(buckets + 1)
  #newest = -Infinity
  #lastMs: number | undefined
  #lastUnixMs: number | undefined

  /** @param windowMs greater than 0 */
  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock
    this.#bucketMs = Math.ceil(windowMs / buckets)
  }

  /** `n` events happened just now; 0 changes nothing. */
  add(n = 1): void {
    if (n === 0) return
    const nowMs = this.#clock.nowMs()
    this.#counts[this.#slotOf(this.#advance(nowMs))]! += n
    this.#lastMs = nowMs
    this.#lastUnixMs = this.#clock.unixMs()
  }

  /** How many happened within the window. */
  count(): number {
    this.#advance(this.#clock.nowMs())
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** Milliseconds since the last one; undefined for never. Monotonic. */
  ageMs(): number | undefined {
    return this.#lastMs === undefined ? undefined : this.#clock.nowMs() - this.#lastMs
  }

  /** Wall-clock time of the last one; undefined for never. */
  lastUnixMs(): number | undefined {
    return this.#lastUnixMs
  }

  /** Empties the buckets that have expired since the last call. */
  #advance(nowMs: number): number {
    const now = Math.floor(nowMs / this.#bucketMs)
    const passed = Math.min(now - this.#newest, this.#counts.length)
    for (let back = 0; back < passed; back++) this.#counts[this.#slotOf(now - back)] = 0
    this.#newest = now
    return now
  }

  #slotOf(bucket: number): number {
    return bucket % this.#counts.length
  }
}

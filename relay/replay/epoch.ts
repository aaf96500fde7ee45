/**
 * The epoch of the replay buffer: a word that changes whenever what clients remember of the buffer
 * is no longer to be trusted. It stands in Redis beside the data and dies with it, so that a Redis
 * that has lost the data cannot pass for one that has it.
 */
import type { Clock } from '../world/clock.ts'

/** What follows from what Redis says the epoch is. */
export type EpochNews =
  /** Nothing. */
  | 'same'
  /** Redis was there before this relay: its epoch is this relay's from now on. */
  | 'adopted'
  /** Somebody else has begun a new one since: it is this relay's from now on. */
  | 'foreign'
  /** Redis has lost it, and the data with it: there is a new one, to be written. */
  | 'lost'
  /** Redis has none yet, or let it expire: this one is to be written. */
  | 'absent'

export class Epoch {
  readonly #clock: Clock
  readonly #make: () => string
  readonly #ttlMs: number
  #value: string
  /** Whether Redis ever held an epoch of this relay's. */
  #hasMet = false
  /** When Redis was last known to hold it; undefined for never. */
  #heldMs: number | undefined

  /** @param ttlMs how long Redis keeps the epoch without being written to */
  constructor(clock: Clock, ttlMs: number, make: () => string) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#make = make
    this.#value = make()
  }

  get value(): string {
    return this.#value
  }

  /** Redis was asked for the epoch and holds `found`. */
  heard(found: string | undefined): EpochNews {
    const isDue = this.#heldMs !== undefined && this.#clock.nowMs() - this.#heldMs < this.#ttlMs
    if (found === this.#value) {
      this.held()
      return 'same'
    }
    if (found !== undefined) {
      const news = this.#hasMet ? 'foreign' : 'adopted'
      this.#value = found
      this.held()
      return news
    }
    if (!isDue) return 'absent'
    this.renew()
    return 'lost'
  }

  /** Redis holds it now, for the full time again. */
  held(): void {
    this.#heldMs = this.#clock.nowMs()
    this.#hasMet = true
  }

  /** Begins a new one, which Redis does not hold yet. */
  renew(): void {
    this.#value = this.#make()
    this.#heldMs = undefined
  }
}

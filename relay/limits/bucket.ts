/**
 * A token bucket: a burst, and a rate after that. The clock is read only when tokens are taken, so
 * an idle bucket costs nothing.
 */
import type { Clock } from '../world/clock.ts'

export class Bucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #most: number
  #left: number
  #atMs: number

  /**
   * @param perSecond tokens added in a second
   * @param most size of the bucket: the largest burst
   */
  constructor(clock: Clock, perSecond: number, most: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#most = this.#left = most
    this.#atMs = clock.nowMs()
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill()
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }

  /** Milliseconds until a token is available; 0 if one is. */
  waitMs(): number {
    this.#refill()
    return this.#left >= 1 ? 0 : ((1 - this.#left) / this.#perSecond) * 1_000
  }

  /**
   * Takes `amount` even if the bucket holds less.
   *
   * @returns milliseconds until the bucket is back at 0; 0 if it is not below
   */
  spend(amount: number): number {
    this.#refill()
    this.#left -= amount
    return this.#left >= 0 ? 0 : (-this.#left / this.#perSecond) * 1_000
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs()
    const added = ((nowMs - this.#atMs) / 1_000) * this.#perSecond
    this.#left = Math.min(this.#most, this.#left + added)
    this.#atMs = nowMs
  }
}

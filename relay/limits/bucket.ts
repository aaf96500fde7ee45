/**
 * How much of something may happen in a time: so much at once, and so much per second after that.
 * Time is only looked at when something is taken, so that a full bucket costs nothing.
 */
import type { Clock } from '../world/clock.ts'

export class Bucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #most: number
  #left: number
  #atMs: number

  /**
   * @param perSecond what comes back in a second
   * @param most what may be taken at once when nothing was taken for long
   */
  constructor(clock: Clock, perSecond: number, most: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#most = this.#left = most
    this.#atMs = clock.nowMs()
  }

  /** Takes one if there is one. */
  take(): boolean {
    this.#refill()
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }

  /** Milliseconds until one may be taken; 0 if it may be now. */
  waitMs(): number {
    this.#refill()
    return this.#left >= 1 ? 0 : ((1 - this.#left) / this.#perSecond) * 1_000
  }

  /**
   * Takes `amount` even if it is not there.
   *
   * @returns milliseconds until the debt is paid; 0 if there is none
   */
  spend(amount: number): number {
    this.#refill()
    this.#left -= amount
    return this.#left >= 0 ? 0 : (-this.#left / this.#perSecond) * 1_000
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs()
    const earned = ((nowMs - this.#atMs) / 1_000) * this.#perSecond
    this.#left = Math.min(this.#most, this.#left + earned)
    this.#atMs = nowMs
  }
}

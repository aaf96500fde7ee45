/** What one replay holds of the memory that all replays share. */
import type { ReplayPages } from '../limits/ledger.ts'
import type { Clock } from '../world/clock.ts'

export class Lease {
  readonly #share: ReplayPages
  readonly #clock: Clock
  #bytes = 0

  constructor(share: ReplayPages, clock: Clock) {
    this.#share = share
    this.#clock = clock
  }

  /**
   * Holds so much, in place of what it held: whoever waits holds nothing that others wait for.
   *
   * @returns `false` when that takes too long
   */
  async hold(bytes: number, limitMs: number): Promise<boolean> {
    this.end()
    if (!(await this.#share.wait(bytes, this.#clock, limitMs))) return false
    this.#bytes = bytes
    return true
  }

  /** Gives back what it turns out not to need. */
  shrink(bytes: number): void {
    if (bytes >= this.#bytes) return
    this.#share.give(this.#bytes - bytes)
    this.#bytes = bytes
  }

  end(): void {
    this.shrink(0)
  }
}

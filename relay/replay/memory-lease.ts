/** The part of the shared memory of replays that one replay holds. */
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
   * Holds `bytes` instead of what it held: while it waits it holds nothing that others wait for.
   *
   * @returns `false` when that takes too long
   */
  async hold(bytes: number, limitMs: number): Promise<boolean> {
    this.end()
    if (!(await this.#share.wait(bytes, this.#clock, limitMs))) return false
    this.#bytes = bytes
    return true
  }

  /** Gives back bytes that it does not need. */
  shrink(bytes: number): void {
    if (bytes >= this.#bytes) return
    this.#share.give(this.#bytes - bytes)
    this.#bytes = bytes
  }

  end(): void {
    this.shrink(0)
  }
}

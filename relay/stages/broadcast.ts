/**
 * The broadcast stage: appends records to the log, once for all clients, and decides when clients
 * are woken to take them. It never waits for a client.
 *
 * A quiet relay flushes at once. Under load flushes are at least an interval apart, because a
 * write costs a client the same whether it carries one record or fifty: coalescing is what makes
 * a fan-out cheap. One timer serves all clients.
 */
import type { ByteLog } from '../log/byte-log.ts'
import type { Clock } from '../world/clock.ts'

export interface BroadcastNeeds {
  readonly log: ByteLog
  readonly clock: Clock
  readonly flushIntervalMs: number
  /** Wakes every client. */
  wakeAll(): void
  /** Runs work after what the current turn of the event loop has already begun. */
  readonly soon: (work: () => void) => void
}

export class Broadcast {
  readonly #needs: BroadcastNeeds
  #lastFlushMs = -Infinity
  #isDue = false
  #nextFlush = Promise.withResolvers<void>()

  constructor(needs: BroadcastNeeds) {
    this.#needs = needs
  }

  /** @returns the value as a view of the log */
  append(partition: number, offset: bigint, value: Uint8Array): Buffer {
    return this.#needs.log.append(partition, offset, value)
  }

  /**
   * Sees to it that what was appended goes out: after this turn when quiet, else at the end of the
   * interval.
   *
   * @returns settles with that flush; fetching the next batch before it would gain nothing
   */
  flushSoon(): Promise<void> {
    if (this.#isDue) return this.#nextFlush.promise
    this.#isDue = true
    const { clock, flushIntervalMs, soon } = this.#needs
    const waitMs = this.#lastFlushMs + flushIntervalMs - clock.nowMs()
    if (waitMs <= 0) soon(() => this.#flush())
    else clock.after(waitMs, () => this.#flush())
    return this.#nextFlush.promise
  }

  #flush(): void {
    this.#isDue = false
    this.#lastFlushMs = this.#needs.clock.nowMs()
    const flushed = this.#nextFlush
    this.#nextFlush = Promise.withResolvers()
    this.#needs.wakeAll()
    flushed.resolve()
  }
}

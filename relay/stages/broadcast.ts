/**
 * The broadcast stage: appends records to the log, once for all clients, and decides when clients
 * are woken to write them. It never waits for a client.
 *
 * An idle relay flushes at once. Under load flushes are at least an interval apart, because a write
 * costs a client the same whether it carries 1 record or 50: coalescing makes a fan-out cheap. The
 * more a flush carries, the more a wait saves, so the interval grows with it up to twice its
 * length. One timer serves all clients.
 *
 * A flush to thousands of clients takes several turns of the loop. `rested` waits for all of them,
 * and records appended meanwhile go with the next flush.
 *
 * Records should wait for coalescing in Kafka and not here: the consumer waits between a flush and
 * the next fetch, so that fetched records are written at once.
 */
import type { ByteLog } from '../log/byte-log.ts'
import { sleep, type Clock } from '../world/clock.ts'

/** Records of a flush above which waiting longer saves nothing. */
const fullFlushRecords = 24

export interface BroadcastNeeds {
  readonly log: ByteLog
  readonly clock: Clock
  readonly flushIntervalMs: number
  /** Wakes every client; settles when that is done, or undefined if it already is. */
  wakeAll(): Promise<void> | undefined
  /** Runs work at the end of the current turn of the event loop. */
  readonly soon: (work: () => void) => void
}

export class Broadcast {
  readonly #needs: BroadcastNeeds
  #lastFlushMs = -Infinity
  #lastFlushOrdinal = 0
  #restMs = 0
  #isDue = false
  #nextFlush = Promise.withResolvers<void>()
  /** Settles when the last flush has reached all clients. */
  #flushed: Promise<void> = Promise.resolve()

  constructor(needs: BroadcastNeeds) {
    this.#needs = needs
  }

  /** @returns the value as a view of the log */
  append(partition: number, offset: bigint, value: Uint8Array): Buffer {
    return this.#needs.log.append(partition, offset, value)
  }

  /**
   * Schedules a flush of appended records: after this turn when idle, else at the end of the
   * interval.
   */
  flushSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    const waitMs = this.#untilNextMs()
    if (waitMs <= 0) this.#needs.soon(() => this.#flush())
    else this.#needs.clock.after(waitMs, () => this.#flush())
  }

  /** Settles when appended records were flushed and the next flush may follow at once. */
  async rested(): Promise<void> {
    if (this.#isDue) await this.#nextFlush.promise
    else await this.#flushed
    const waitMs = this.#untilNextMs()
    if (waitMs > 0) await sleep(this.#needs.clock, waitMs)
  }

  #untilNextMs(): number {
    return this.#lastFlushMs + this.#restMs - this.#needs.clock.nowMs()
  }

  #flush(): void {
    const { clock, flushIntervalMs, log } = this.#needs
    const carried = log.ordinal - this.#lastFlushOrdinal
    this.#isDue = false
    this.#lastFlushMs = clock.nowMs()
    this.#lastFlushOrdinal = log.ordinal
    this.#restMs = flushIntervalMs * (1 + Math.min(1, carried / fullFlushRecords))
    const flushed = this.#nextFlush
    this.#flushed = flushed.promise
    this.#nextFlush = Promise.withResolvers()
    const woken = this.#needs.wakeAll()
    if (woken === undefined) flushed.resolve()
    else void woken.then(flushed.resolve)
  }
}

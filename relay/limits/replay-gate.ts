/**
 * What keeps replays from being an amplifier: sixty bytes of a resume ask for thousands of records.
 * Only so many replays are under way at once, the others wait for a bounded time, and all of them
 * together send no more bytes a second than they may. Addresses share the places: a few of them
 * cannot hold all, however slowly they read.
 */
import type { ReplayGate } from './seam.ts'
import type { Clock } from '../world/clock.ts'
import { sleep } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { Bucket } from './bucket.ts'
import { FairPlaces } from './fair-places.ts'

export interface GateBounds {
  /** Replays under way at once. */
  readonly replaysMax: number
  /** How long one more waits for its turn before it is refused. */
  readonly waitMs: number
  /** Bytes a second of one replay and of all together; 0 is no limit. */
  readonly clientBytesPerSecond: number
  readonly allBytesPerSecond: number
}

/** Seconds of its rate that may be sent at once. */
const burstSeconds = 2
/** One more than this many times the replays under way need not even wait. */
const waitingPerReplayMax = 16

export function createReplayGate(clock: Clock, bounds: GateBounds): ReplayGate {
  return new FairGate(clock, bounds)
}

class FairGate implements ReplayGate {
  readonly #clock: Clock
  readonly #bounds: GateBounds
  readonly #all: Bucket | undefined
  readonly #places: FairPlaces

  constructor(clock: Clock, bounds: GateBounds) {
    this.#clock = clock
    this.#bounds = bounds
    this.#all = this.#bucket(bounds.allBytesPerSecond)
    this.#places = new FairPlaces(bounds.replaysMax)
  }

  get underWay(): number {
    return this.#places.taken
  }

  /** A place is given on between two chunks: a client that reads slowly holds it no longer. */
  async *pass(
    chunks: AsyncIterable<Buffer>,
    address: string,
    onRefused: () => void,
  ): AsyncGenerator<Buffer, void, undefined> {
    let isIn = await this.#enter(address)
    if (!isIn) return onRefused()
    try {
      for await (const bytes of this.#paced(chunks)) {
        yield bytes
        if (!this.#places.isOwed(address)) continue
        this.#places.leave(address)
        isIn = false
        isIn = await this.#enter(address)
        if (!isIn) return onRefused()
      }
    } finally {
      if (isIn) this.#places.leave(address)
    }
  }

  async *#paced(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const own = this.#bucket(this.#bounds.clientBytesPerSecond)
    for await (const bytes of chunks) {
      yield bytes
      const owedMs = own?.spend(bytes.length) ?? 0
      const allOwedMs = this.#all?.spend(bytes.length) ?? 0
      const waitMs = Math.max(owedMs, allOwedMs)
      if (waitMs > 0) await sleep(this.#clock, waitMs)
    }
  }

  /** A place, at once or in its turn; `false` when that took too long. */
  async #enter(address: string): Promise<boolean> {
    const { replaysMax, waitMs } = this.#bounds
    if (this.#places.take(address)) return true
    if (this.#places.waitingCount >= replaysMax * waitingPerReplayMax) return false
    const turn = Promise.withResolvers<void>()
    this.#places.wait(address, turn.resolve)
    try {
      await withDeadline(this.#clock, waitMs, 'the turn of a replay', () => turn.promise)
      return true
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      // The place may have been handed over in the moment in which the time was over.
      return !this.#places.cancel(address, turn.resolve)
    }
  }

  #bucket(perSecond: number): Bucket | undefined {
    if (perSecond === 0) return undefined
    return new Bucket(this.#clock, perSecond, perSecond * burstSeconds)
  }
}

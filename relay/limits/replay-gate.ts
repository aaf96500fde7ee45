/**
 * Keeps replays from amplifying load: a resume of 60 bytes requests thousands of records. The
 * number of replays at once is limited, others wait for a bounded time, and all of them together
 * have a limit in bytes per second. Slots are shared fairly by address: a few addresses cannot hold
 * all, however slowly they read.
 */
import type { ReplayGate } from './seam.ts'
import { sleep, type Clock } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { Bucket } from './bucket.ts'
import { FairSlots } from './fair-slots.ts'

export interface GateBounds {
  /** Replays in progress at once. */
  readonly replaysMax: number
  /** How long one more may wait before it is refused. */
  readonly waitMs: number
  /** Bytes a second of one replay and of all together; 0 is no limit. */
  readonly clientBytesPerSecond: number
  readonly allBytesPerSecond: number
}

/** Burst, in seconds of the rate. */
const burstSeconds = 2
/** Waiting replays per slot; one more is refused at once. */
const waitingPerReplayMax = 16

export function createReplayGate(clock: Clock, bounds: GateBounds): ReplayGate {
  return new FairGate(clock, bounds)
}

class FairGate implements ReplayGate {
  readonly #clock: Clock
  readonly #bounds: GateBounds
  readonly #all: Bucket | undefined
  readonly #slots: FairSlots

  constructor(clock: Clock, bounds: GateBounds) {
    this.#clock = clock
    this.#bounds = bounds
    this.#all = this.#bucket(bounds.allBytesPerSecond)
    this.#slots = new FairSlots(bounds.replaysMax)
  }

  get underWay(): number {
    return this.#slots.taken
  }

  /** A slot may pass to another address between two chunks, so slow clients do not keep it. */
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
        if (!this.#slots.mustYield(address)) continue
        this.#slots.leave(address)
        isIn = false
        isIn = await this.#enter(address)
        if (!isIn) return onRefused()
      }
    } finally {
      if (isIn) this.#slots.leave(address)
    }
  }

  async *#paced(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const own = this.#bucket(this.#bounds.clientBytesPerSecond)
    for await (const bytes of chunks) {
      yield bytes
      const ownWaitMs = own?.spend(bytes.length) ?? 0
      const sharedWaitMs = this.#all?.spend(bytes.length) ?? 0
      const waitMs = Math.max(ownWaitMs, sharedWaitMs)
      if (waitMs > 0) await sleep(this.#clock, waitMs)
    }
  }

  /** Takes a slot, at once or after waiting; `false` when that took too long. */
  async #enter(address: string): Promise<boolean> {
    const { replaysMax, waitMs } = this.#bounds
    if (this.#slots.take(address)) return true
    if (this.#slots.waitingCount >= replaysMax * waitingPerReplayMax) return false
    const turn = Promise.withResolvers<void>()
    this.#slots.wait(address, turn.resolve)
    try {
      await withDeadline(this.#clock, waitMs, 'a slot for a replay', () => turn.promise)
      return true
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      // The slot may have been handed over at the very deadline.
      return !this.#slots.cancel(address, turn.resolve)
    }
  }

  #bucket(perSecond: number): Bucket | undefined {
    if (perSecond === 0) return undefined
    return new Bucket(this.#clock, perSecond, perSecond * burstSeconds)
  }
}

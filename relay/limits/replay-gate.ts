/**
 * What keeps replays from being an amplifier: sixty bytes of a resume ask for thousands of records.
 * Only so many replays are under way at once, the others wait for a bounded time, and all of them
 * together send no more bytes a second than they may.
 */
import type { ReplayGate } from '../parts.ts'
import type { Clock } from '../world/clock.ts'
import { sleep } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { Bucket } from './bucket.ts'

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
  readonly #waiting = new Set<() => void>()
  underWay = 0

  constructor(clock: Clock, bounds: GateBounds) {
    this.#clock = clock
    this.#bounds = bounds
    this.#all = this.#bucket(bounds.allBytesPerSecond)
  }

  async *pass(
    chunks: AsyncIterable<Buffer>,
    onRefused: () => void,
  ): AsyncGenerator<Buffer, void, undefined> {
    if (!(await this.#enter())) return onRefused()
    try {
      yield* this.#paced(chunks)
    } finally {
      this.#leave()
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

  /** A place, at once or in the order of asking; `false` when that took too long. */
  async #enter(): Promise<boolean> {
    const { replaysMax, waitMs } = this.#bounds
    if (this.underWay < replaysMax) {
      this.underWay += 1
      return true
    }
    if (this.#waiting.size >= replaysMax * waitingPerReplayMax) return false
    const turn = Promise.withResolvers<void>()
    this.#waiting.add(turn.resolve)
    try {
      await withDeadline(this.#clock, waitMs, 'the turn of a replay', () => turn.promise)
      return true
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      // The place may have been handed over in the moment in which the time was over.
      return !this.#waiting.delete(turn.resolve)
    }
  }

  /** A place that somebody waits for is handed over, so that nobody overtakes. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.underWay -= 1
      return
    }
    this.#waiting.delete(next)
    next()
  }

  #bucket(perSecond: number): Bucket | undefined {
    if (perSecond === 0) return undefined
    return new Bucket(this.#clock, perSecond, perSecond * burstSeconds)
  }
}

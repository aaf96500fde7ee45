/**
 * Slots for work with limited concurrency. A released slot is handed to the first waiting caller
 * only: waking all of them would cost more the more there are, and a new caller could overtake
 * them.
 */
import { orAborted } from './deadline.ts'

export class Slots {
  readonly #max: number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Settles with a slot, in the order of calls; rejects when the signal aborts. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#taken < this.#max) {
      this.#taken += 1
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    try {
      await orAborted(signal, promise)
    } catch (error) {
      // The slot may have been handed over at the moment of the abort.
      if (!this.#waiting.delete(resolve)) this.leave()
      throw error
    }
  }

  /** Releases a slot. */
  leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#taken -= 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

/**
 * Slots for work of which only so much may be under way. One that is given back is handed to the
 * first who waits, and to nobody else: to wake all of them for one would cost the more the more
 * there are, and whoever comes just then would overtake them.
 */
import { orAborted } from './deadline.ts'

export class Slots {
  readonly #max: number
  readonly #waiting = new Set<() => void>()
  #taken = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Settles with a slot, in the order of asking; rejects when it is no longer wanted. */
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
      // It may have been handed over in the moment in which it was no longer wanted.
      if (!this.#waiting.delete(resolve)) this.leave()
      throw error
    }
  }

  /** Gives a slot back. */
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

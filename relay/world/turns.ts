/**
 * Turns at what takes long. Work that goes through a lot of input, and in which nothing would let
 * go of the event loop, is done in slices, and of all who do the same only one slice falls into
 * each turn of the loop: however much there is to do, everybody else goes on.
 */
import type { Clock } from './clock.ts'

/** Milliseconds of one slice. */
export const sliceMs = 4

export class Turns {
  #last: Promise<void> = Promise.resolve()

  /** Settles in a turn of the event loop that no other caller gets. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((settle) => setImmediate(settle)))
    return this.#last
  }
}

/**
 * Slices of one kind of work. What is done in time never waits: the first slice of a turn is for
 * whoever comes first, and those that come later in the same turn share what is left of it.
 */
export class Slices {
  readonly #clock: Clock
  readonly #turns = new Turns()
  readonly #forget = () => (this.#endMs = undefined)
  #endMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether whoever works is to wait for the next slice. The first to ask in a turn begins one. */
  get isOver(): boolean {
    const nowMs = this.#clock.nowMs()
    return nowMs >= (this.#endMs ?? this.#begin(nowMs))
  }

  /** Settles at the beginning of a slice. */
  async next(): Promise<void> {
    await this.#turns.next()
    this.#begin(this.#clock.nowMs())
  }

  #begin(nowMs: number): number {
    // Whoever began one in this turn will forget it.
    if (this.#endMs === undefined) setImmediate(this.#forget)
    this.#endMs = nowMs + sliceMs
    return this.#endMs
  }
}

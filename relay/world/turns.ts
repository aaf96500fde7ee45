/**
 * Long work in slices. Work over much input that would otherwise block the event loop runs in
 * slices, and all callers of one kind together get one slice in each turn of the loop: however much
 * there is to do, other work goes on.
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
 * Slices of one kind of work. Short work never waits: the first caller in a turn begins a slice,
 * and later callers in the same turn share what is left of it.
 */
export class Slices {
  readonly #clock: Clock
  readonly #turns = new Turns()
  readonly #forget = () => (this.#endMs = undefined)
  #endMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the caller must wait for the next slice. The first call in a turn begins one. */
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
    // The first slice of this turn has scheduled the reset already.
    if (this.#endMs === undefined) setImmediate(this.#forget)
    this.#endMs = nowMs + sliceMs
    return this.#endMs
  }
}

/**
 * Turns at looking through records. A replay by thread may read much and send nothing, and nothing
 * in that would let go of the event loop: so it works in slices, and of all replays together only
 * one slice falls into each turn of the loop. However many clients ask, live delivery goes on.
 */

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

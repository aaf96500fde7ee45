/**
 * How long others wait along with a batch that waits itself. What goes on all the time is shared in
 * slices of the loop and needs no patience: only waiting uses it up.
 */
import type { Clock, Timer } from '../world/clock.ts'

/** About as long as records wait for one another before they are written to clients. */
export const patienceMs = 25

export class Patience {
  readonly #clock: Clock
  readonly #onOver: () => void
  #timer: Timer | undefined

  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock
    this.#onOver = onOver
  }

  /** The batch waits; it is used up so long after the first wait began. */
  waits(): void {
    this.#timer ??= this.#clock.after(patienceMs, this.#onOver)
  }

  /** Nobody waits any more. */
  end(): void {
    this.#timer?.cancel()
  }
}

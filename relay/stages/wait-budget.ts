/**
 * How long other partitions wait for a batch that waits itself. Work is shared in slices of the
 * event loop and does not count: only waiting uses up the budget.
 */
import type { Clock, Timer } from '../world/clock.ts'

/** About as long as records are coalesced before they are written to clients. */
export const waitBudgetMs = 25

export class WaitBudget {
  readonly #clock: Clock
  readonly #onOver: () => void
  #timer: Timer | undefined

  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock
    this.#onOver = onOver
  }

  /** The batch waits; the budget is used up `waitBudgetMs` after the first wait began. */
  waits(): void {
    this.#timer ??= this.#clock.after(waitBudgetMs, this.#onOver)
  }

  /** The batch is done. */
  end(): void {
    this.#timer?.cancel()
  }
}

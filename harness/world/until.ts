/** Polling for a condition, with a time limit. */
import { sleep, type Clock } from '../../relay/world/clock.ts'

/** The clock of a wait, and the signal that ends it early. */
export interface Patience {
  readonly clock: Clock
  readonly signal?: AbortSignal
}

/** The last answer, whether it held, and how long that took. */
export interface Outcome<T> {
  readonly holds: boolean
  readonly answer: T
  readonly tookMs: number
}

/**
 * Asks again every `everyMs` until the answer holds or `limitMs` passed; asks once at least.
 * Rejects as soon as the signal aborts between two questions, and when a question fails.
 *
 * @param holds whether an answer is what is waited for; by default it says so itself
 */
export async function until<T>(
  { clock, signal }: Patience,
  limitMs: number,
  everyMs: number,
  ask: () => T | Promise<T>,
  holds: (answer: T) => boolean = Boolean,
): Promise<Outcome<T>> {
  const startedMs = clock.nowMs()
  for (;;) {
    const answer = await ask()
    const tookMs = clock.nowMs() - startedMs
    if (holds(answer)) return { holds: true, answer, tookMs }
    if (tookMs >= limitMs) return { holds: false, answer, tookMs }
    await sleep(clock, everyMs, signal)
  }
}

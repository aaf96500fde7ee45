/**
 * Time, handed in. Nothing else in the relay or the harness asks the machine for the time or
 * sets a timer, so that every rule about time can be tested on a clock that the test moves.
 */

/** A cancelled timer never fires; cancelling twice is allowed. */
export interface Timer {
  cancel(): void
}

/** The time as components see it. `nowMs` is monotonic; `unixMs` is for people and timestamps. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; comparable between processes of one machine. */
  nowMs(): number
  /** Wall-clock milliseconds since 1970; may jump, so never used to measure an interval. */
  unixMs(): number
  /** Runs `work` once after `ms`. A pending timer keeps the process alive unless `isBackground`. */
  after(ms: number, work: () => void, isBackground?: boolean): Timer
  /** Runs `work` every `ms` until cancelled; never keeps the process alive. */
  every(ms: number, work: () => void): Timer
}

/** The machine's own clock. `hrtime` reads CLOCK_MONOTONIC, one domain for all local processes. */
export const systemClock: Clock = {
  nowMs: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  unixMs: () => Date.now(),
  after(ms, work, isBackground = false) {
    const handle = setTimeout(work, ms)
    if (isBackground) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  every(ms, work) {
    const handle = setInterval(work, ms)
    handle.unref()
    return { cancel: () => clearInterval(handle) }
  },
}

/** Resolves after `ms` on `clock`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason as Error)
    }
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Deadlines that cover the work itself. A deadline takes a function, not a promise: a promise
 * that already runs could have spent the time before the clock started (a real defect of replays).
 */
import type { Clock } from './clock.ts'

/** Thrown when work takes too long. `what` names the work, `limitMs` is its limit. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
  readonly what: string
  readonly limitMs: number

  constructor(what: string, limitMs: number) {
    super(`${what} took longer than its limit of ${limitMs} ms`)
    this.what = what
    this.limitMs = limitMs
  }
}

/**
 * Starts `work` with a signal that aborts at the limit, and settles no later than the limit.
 * The work must stop on the signal; if it does not, its late outcome is ignored.
 *
 * @param limitMs greater than 0; `Infinity` is refused, because a wait without an end is a bug
 * @throws DeadlineError when the limit passes; else whatever the work throws
 */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  if (!(limitMs > 0 && Number.isFinite(limitMs))) {
    throw new RangeError(`deadline of ${what} must be a finite number above 0, got ${limitMs}`)
  }
  const controller = new AbortController()
  const stop = Promise.withResolvers<never>()
  stop.promise.catch(() => undefined)
  const abort = (reason: unknown) => {
    controller.abort(reason)
    stop.reject(reason)
  }
  const onParentAbort = () => abort(parent?.reason)
  if (parent?.aborted) onParentAbort()
  parent?.addEventListener('abort', onParentAbort, { once: true })
  const timer = clock.after(limitMs, () => abort(new DeadlineError(what, limitMs)))
  try {
    return await Promise.race([stop.promise, work(controller.signal)])
  } finally {
    timer.cancel()
    parent?.removeEventListener('abort', onParentAbort)
  }
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason as Error)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/**
 * The circuit breaker: a relay that stands still for long, while records wait and brokers answer,
 * makes room for a fresh process. What it announces is what is left of its own limit, so that the
 * countdown cannot differ from the deed.
 */
import type { Breaker, BreakerVerdict } from './seam.ts'
import type { Clock } from '../world/clock.ts'

const soonMs = 60_000
const lookEveryMs = 1_000

/** @param limitMs standstill that is too long; 0 is never */
export const createBreaker = (limitMs: number): Breaker => ({
  judge: (stalledMs) => (limitMs === 0 ? undefined : verdictOn(stalledMs, limitMs)),
})

function verdictOn(stalledMs: number | undefined, limitMs: number): BreakerVerdict {
  if (stalledMs === undefined) return { state: 'healthy', remainingMs: undefined }
  const remainingMs = Math.max(limitMs - stalledMs, 0)
  return { state: remainingMs < soonMs ? 'will_restart_soon' : 'degraded', remainingMs }
}

/** Looks every second, and calls `onOpen` once, when no time is left. */
export function watchBreaker(
  clock: Clock,
  breaker: Breaker,
  stalledMs: () => number | undefined,
  onOpen: (stalledMs: number) => void,
): void {
  const timer = clock.every(lookEveryMs, () => {
    const ms = stalledMs()
    if (breaker.judge(ms)?.remainingMs !== 0) return
    timer.cancel()
    onOpen(ms ?? 0)
  })
}

/**
 * The circuit breaker: a relay that is stalled for too long, while records wait and brokers answer,
 * exits so that a new process can start. Its countdown is computed from its own limit, so that it
 * cannot differ from the actual exit.
 */
import type { Breaker, BreakerVerdict } from './seam.ts'
import type { Clock } from '../world/clock.ts'

const soonMs = 60_000
const lookEveryMs = 1_000

/** @param limitMs stall after which the breaker opens; 0 is never */
export const createBreaker = (limitMs: number): Breaker => ({
  judge: (stalledMs) => (limitMs === 0 ? undefined : verdictOn(stalledMs, limitMs)),
})

function verdictOn(stalledMs: number | undefined, limitMs: number): BreakerVerdict {
  if (stalledMs === undefined) return { state: 'healthy', remainingMs: undefined }
  const remainingMs = Math.max(limitMs - stalledMs, 0)
  return { state: remainingMs < soonMs ? 'will_restart_soon' : 'degraded', remainingMs }
}

/** Checks every second, and calls `onOpen` once, when no time is left. */
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

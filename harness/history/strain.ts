/**
 * How well a process of the harness can watch. One whose event loop stands still sees late what
 * came in time, and takes the delay for the target's: it writes down about itself how long it
 * stood, so that the judge knows what its times are worth.
 */
import type { Clock, Timer } from '../../relay/world/clock.ts'
import type { Journal } from './journal.ts'

const tickMs = 50
const tellEveryMs = 1_000

/** Records once a second how long the event loop was blocked; `backlog`: bytes that wait. */
export function watchStrain(
  clock: Clock,
  journal: Journal,
  role: string,
  backlog: () => number = () => 0,
): Timer {
  const stood = watchStandstill(clock)
  const telling = clock.every(tellEveryMs, () => {
    const { longestMs } = stood.since()
    journal.write(['strain', journal.now(), role, Math.round(longestMs), 0, backlog()])
  })
  return {
    cancel() {
      telling.cancel()
      stood.cancel()
    },
  }
}

export interface Standstill extends Timer {
  /** Since it was asked the last time: the longest stand, and all of them together, ms. */
  since(): { readonly longestMs: number; readonly totalMs: number }
}

/** Measures the delays of this process's own event loop. */
export function watchStandstill(clock: Clock): Standstill {
  let lastMs = clock.nowMs()
  let longestMs = 0
  let totalMs = 0
  const look = () => {
    const nowMs = clock.nowMs()
    const delayMs = Math.max(0, nowMs - lastMs - tickMs)
    longestMs = Math.max(longestMs, delayMs)
    totalMs += delayMs
    lastMs = nowMs
  }
  const timer = clock.every(tickMs, look)
  return {
    since() {
      look()
      const measured = { longestMs, totalMs }
      longestMs = 0
      totalMs = 0
      return measured
    },
    cancel: () => timer.cancel(),
  }
}

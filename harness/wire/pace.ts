/** A reader's budget: how long it must pause so that it stays at its bytes a second. */
import type { Clock } from '../../relay/world/clock.ts'

export interface Pace {
  /** Takes bytes that were read; returns milliseconds to pause now, 0 to read on. */
  take(bytes: number): number
}

/** What may be read at once after a quiet time: a tenth of a second's worth. */
const burstSeconds = 0.1

/** A token bucket that may go into debt: a large read makes its pause longer. */
export function pace(clock: Clock, bytesPerSecond: number): Pace {
  if (!(bytesPerSecond > 0)) {
    throw new RangeError(`a slow reader needs more than 0 bytes a second, got ${bytesPerSecond}`)
  }
  const burst = bytesPerSecond * burstSeconds
  let budget = burst
  let lastMs = clock.nowMs()
  return {
    take(bytes) {
      const nowMs = clock.nowMs()
      budget = Math.min(burst, budget + ((nowMs - lastMs) * bytesPerSecond) / 1_000) - bytes
      lastMs = nowMs
      return budget >= 0 ? 0 : Math.ceil((-budget * 1_000) / bytesPerSecond)
    },
  }
}

/** A buffer for reads of a paced client: small, so that one read is not seconds of its budget. */
export function readBytes(bytesPerSecond: number): number {
  return Math.min(64 * 1_024, Math.max(256, Math.round(bytesPerSecond / 20)))
}

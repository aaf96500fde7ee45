/**
 * Open-model pacing: records are due by the clock alone, also while the broker is slow. A producer
 * that was delayed catches up. What it could not send in time is dropped and counted, never
 * omitted silently.
 */
import type { Clock } from '../../relay/world/clock.ts'

export interface Pace {
  /** From now on so many records are due a second; what was due before stays due. */
  change(recordsPerSecond: number): void
  /** Takes at most `most` of the records that are due, as the times (`clock.nowMs()`) they were. */
  take(most: number): readonly number[]
  /** Records that became due so far. */
  readonly due: number
}

/** A pace of 0 records a second. */
export function openPace(clock: Clock): Pace {
  let perMs = 0
  let sinceMs = clock.nowMs()
  /** Records due and taken since `sinceMs`; before that, in `settled` and `owed`. */
  let taken = 0
  let settled = 0
  const owed: { dueMs: number; count: number }[] = []
  const dueNow = () => Math.floor((clock.nowMs() - sinceMs) * perMs)
  const dueMs = (index: number) => sinceMs + (index + 1) / perMs
  return {
    change(recordsPerSecond) {
      const due = dueNow()
      if (due > taken) owed.push({ dueMs: dueMs(taken), count: due - taken })
      settled += due
      taken = 0
      sinceMs = clock.nowMs()
      perMs = recordsPerSecond / 1_000
    },
    take(most) {
      const times = takeOwed(owed, most)
      const due = dueNow()
      while (taken < due && times.length < most) times.push(dueMs(taken++))
      return times
    },
    get due() {
      return settled + dueNow()
    },
  }
}

/** Records of earlier paces that were not taken yet; all count as due when the oldest was. */
function takeOwed(owed: { dueMs: number; count: number }[], most: number): number[] {
  const times: number[] = []
  for (let oldest = owed[0]; oldest && times.length < most; oldest = owed[0]) {
    const count = Math.min(oldest.count, most - times.length)
    for (let n = 0; n < count; n++) times.push(oldest.dueMs)
    oldest.count -= count
    if (oldest.count === 0) owed.shift()
  }
  return times
}

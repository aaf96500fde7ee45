/** From when on nothing is broken any more: what must hold after it is judged from there. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Judgement } from '../checker.ts'
import { cannotTell } from './conclude.ts'

/** What to do where faults did not come about as planned. */
export const seeFaults = 'see what the run says of its faults, and repeat it'

/** @returns `unknown` where there is no such moment */
export function lastHealOf(history: History): Micros | Judgement {
  const healed = history.faults.map(({ healedAt }) => healedAt)
  if (healed.length === 0) return cannotTell('no-fault', 'Nothing was broken.', seeFaults)
  const known = healed.filter((at) => at !== undefined)
  if (known.length < healed.length) {
    return cannotTell('not-healed', 'A fault was never healed.', seeFaults)
  }
  return Math.max(...known)
}

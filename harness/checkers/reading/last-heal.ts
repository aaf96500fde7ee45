/** The moment after which no fault is active: what must hold afterwards is judged from there. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Judgement } from '../checker.ts'
import { cannotTell } from './conclude.ts'

/** The fix if faults did not happen as planned. */
export const seeFaults = 'see the faults of the run, and repeat it'

/** @returns `unknown` where there is no such moment */
export function lastHealOf(history: History): Micros | Judgement {
  const healed = history.faults.map(({ healedAt }) => healedAt)
  if (healed.length === 0) return cannotTell('no-fault', 'The run injected no fault.', seeFaults)
  const known = healed.filter((at) => at !== undefined)
  if (known.length < healed.length) {
    return cannotTell('not-healed', 'A fault was never healed.', seeFaults)
  }
  return Math.max(...known)
}

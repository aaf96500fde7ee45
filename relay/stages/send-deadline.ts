/** The reference send deadline: the same limit on every path, and every failure counted. */
import type { Signals } from '../health/signals.ts'
import type { SendDeadline } from './seam.ts'

export function createSendDeadline(sendTimeoutMs: number, signals: Signals): SendDeadline {
  return {
    limitMs: () => sendTimeoutMs,
    gaveUp: (path, failure) => signals.gaveUp(path, failure),
    effective: { send_timeout_secs: sendTimeoutMs / 1_000 },
  }
}

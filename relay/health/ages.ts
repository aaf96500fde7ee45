/**
 * Ages as gauges. An age stops with the process that exports it, so each has a timestamp gauge as
 * well; and "never" must not look like "just now", so it is -1, as in DashFlow.
 */
import type { Metrics } from '../metrics/metrics.ts'
import type { AgeGauges } from './seam.ts'
import type { Recency } from './recency.ts'
import type { Signals } from './signals.ts'

const never = -1

export const referenceAges: AgeGauges = {
  seconds: (ageMs) => (ageMs === undefined ? never : ageMs / 1_000),
}

/** Lets the scrape read the ages and timestamps of `signals`. */
export function exportAges(metrics: Metrics, signals: Signals, ages: AgeGauges): void {
  metrics.lastRecordAge.from(() => ages.seconds(signals.lastRecord.ageMs()))
  metrics.lastInfraErrorAge.from(() => ages.seconds(signals.lastInfraError.ageMs()))
  metrics.lastRecordTimestamp.from(() => unixSeconds(signals.lastRecord))
  metrics.lastInfraErrorTimestamp.from(() => unixSeconds(signals.lastInfraError))
}

function unixSeconds(recency: Recency): number | undefined {
  const unixMs = recency.lastUnixMs()
  return unixMs === undefined ? undefined : unixMs / 1_000
}

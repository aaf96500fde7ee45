/** Times and sizes as they are typed and printed by commands that export. */
import { UsageError } from '../world/exit-codes.ts'

const iso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/
/** Prometheus keeps times as milliseconds; a year further away is a mistake. */
const [yearMin, yearMax] = [2000, 2100]

/** `2026-01-01T00:00:00Z`, `2026-01-01` or Unix seconds, in Unix ms. @throws UsageError else */
export function startTimeOf(text: string): number {
  const unixMs = iso.test(text) ? Date.parse(text) : Number(/^\d{1,12}$/.exec(text)?.[0]) * 1_000
  if (unixMs >= Date.UTC(yearMin) && unixMs < Date.UTC(yearMax)) return unixMs
  throw new UsageError(
    `--start-time takes a time such as 2026-01-01T00:00:00Z, or Unix seconds, ` +
      `from ${yearMin} on and before ${yearMax}, not "${text}"`,
  )
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

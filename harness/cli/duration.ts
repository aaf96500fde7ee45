/** Durations as typed: a count and a unit. */
import { UsageError } from '../world/exit-codes.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
const limitMsMax = 12 * 3_600_000

/** `90s`, `5m`, `1h` in milliseconds. @throws UsageError for anything else */
export function durationOf(text: string, option = '--for'): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  const ms = Number(count) * (unitMs[unit ?? ''] ?? NaN)
  if (ms > 0 && ms <= limitMsMax) return ms
  throw new UsageError(`${option} takes a time such as 90s, 5m or 1h, up to 12h, not "${text}"`)
}

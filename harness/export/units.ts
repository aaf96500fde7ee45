/** Units of panels as people read them on a page: one unit a chart, and as few digits as say it. */
import type { Unit } from '../../dashboards/kit/units.ts'

export interface ShownUnit {
  /** As the charts of the page name it. */
  readonly name: string
  readonly scale: number
}

const mebibyte = 1_048_576
/** Seconds of a chart are told in milliseconds as long as all of them are few. */
const fewSeconds = 10

/**
 * @param highest of what is shown
 * @param few up to where seconds are told in milliseconds
 */
export function shownUnit(unit: Unit, highest: number, few = fewSeconds): ShownUnit {
  if (unit === 's') {
    return highest < few ? { name: 'ms', scale: 1_000 } : { name: 's', scale: 1 }
  }
  return others[unit]
}

const others: Readonly<Record<Exclude<Unit, 's'>, ShownUnit>> = {
  ms: { name: 'ms', scale: 1 },
  bytes: { name: 'MiB', scale: 1 / mebibyte },
  binBps: { name: 'MiB/s', scale: 1 / mebibyte },
  percentunit: { name: '%', scale: 100 },
  short: { name: 'count', scale: 1 },
  cps: { name: '/s', scale: 1 },
  recps: { name: 'records/s', scale: 1 },
  bool: { name: 'count', scale: 1 },
}

const digits = 3

/** A value with its unit; a count is a number alone. */
export function valueText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'none'
  const { name, scale } = shownUnit(unit, Math.abs(value), 1)
  const scaled = value * scale
  const isLong = Math.abs(scaled) >= 10 ** digits
  const rounded = isLong ? Math.round(scaled) : Number(scaled.toPrecision(digits))
  const short = rounded.toLocaleString('en', { maximumFractionDigits: 6 })
  return name === 'count' ? short : `${short} ${name}`
}

/** How much more or less than something else, as `+12.3 %`. */
export const changeText = (change: number): string => {
  if (!Number.isFinite(change)) return 'none'
  return `${change < 0 ? '−' : '+'}${Math.abs(change * 100).toFixed(1)} %`
}

/**
 * Units as Grafana calls them, by the name of a metric: Prometheus' conventions put the unit last.
 * A panel takes the unit of its queries, so it can't show bytes as seconds.
 */
import type { SeriesRow } from '../metrics/series-row.ts'

export type Unit =
  | 's'
  | 'ms'
  /** 1,024 bytes are a KiB. */
  | 'bytes'
  | 'binBps'
  /** 1 is 100 %. */
  | 'percentunit'
  /** A count. */
  | 'short'
  /** Counted things a second. */
  | 'cps'
  | 'recps'
  /** Yes or no. */
  | 'bool'

const endings: readonly (readonly [ending: string, unit: Unit])[] = [
  ['_seconds', 's'],
  ['_ms', 'ms'],
  ['_bytes', 'bytes'],
]

/** Of one value of the metric: a gauge, an observation of a histogram, or what a counter counts. */
export function unitOf({ name }: Pick<SeriesRow, 'name'>): Unit {
  const base = name.endsWith('_total') ? name.slice(0, -'_total'.length) : name
  return endings.find(([ending]) => base.endsWith(ending))?.[1] ?? 'short'
}

const perSecond: Partial<Record<Unit, Unit>> = {
  // Seconds of work a second: a share of one core.
  s: 'percentunit',
  bytes: 'binBps',
  short: 'cps',
}

/** Of the growth of such values in a second. */
export function perSecondOf(unit: Unit): Unit {
  const rate = perSecond[unit]
  if (rate === undefined) throw new Error(`nobody asks for ${unit} a second`)
  return rate
}

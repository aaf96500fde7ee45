/** Reading quantities over time: values at a moment, rises of counters, and a robust slope. */
import type { Micros } from '../../history/event.ts'
import type { Reading } from '../../history/readings.ts'
import { median } from '../../world/median.ts'
import type { Series } from '../checker.ts'

export interface Point {
  readonly t: Micros
  readonly v: number
}

/** Index of the last sample at or before `t`; -1 if there is none. */
export function indexAt(times: readonly Micros[], t: Micros): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] as number) <= t) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The last value reported at or before `t`; undefined if there is none. */
export function valueAt(reading: Reading, t: Micros): number | undefined {
  return reading.v[indexAt(reading.t, t)] ?? undefined
}

export function points({ t, v }: Reading): Point[] {
  return t.flatMap((at, i) => {
    const value = v[i]
    return value === null || value === undefined ? [] : [{ t: at, v: value }]
  })
}

/**
 * How much a counter rose between two times; a fall is a restart, after which it counts from 0. A
 * counter that is first reported within the window began at 0.
 */
export function riseWithin(reading: Reading, begin: Micros, end: Micros): number {
  const known = points(reading)
  let last = known.findLast(({ t }) => t <= begin)?.v ?? 0
  let rise = 0
  for (const { t, v } of known) {
    if (t <= begin || t > end) continue
    rise += v >= last ? v - last : v
    last = v
  }
  return rise
}

/** Points for a slope; more do not improve it, and the number of pairs is quadratic. */
const slopePointsMax = 300

/** Slope by Theil and Sen: the median of the slopes of all pairs, per second. */
export function slopePerSecond(all: readonly Point[]): number {
  const step = Math.max(1, Math.ceil(all.length / slopePointsMax))
  const some = all.filter((_, i) => i % step === 0)
  const slopes: number[] = []
  for (const [i, a] of some.entries()) {
    for (const b of some.slice(i + 1)) {
      if (b.t > a.t) slopes.push(((b.v - a.v) * 1e6) / (b.t - a.t))
    }
  }
  return median(slopes) ?? 0
}

/** Points as a line of a chart. */
export function seriesOf(name: string, unit: Series['unit'], of: readonly Point[]): Series {
  return { name, unit, t: of.map(({ t }) => t), v: of.map(({ v }) => v) }
}

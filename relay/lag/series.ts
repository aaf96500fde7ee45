/**
 * Which lag series exist and their values. Only assigned partitions have one; an unknown lag is
 * absent, never 0; and 0 means that everything up to the log end was read.
 */
import type { LagSample, LagSeries } from './seam.ts'
import type { Clock } from '../world/clock.ts'

/** What the series need in addition to the samples. */
export interface LagSeriesNeeds {
  readonly clock: Clock
  /** How long a value is shown after its poll: an old value would be misleading. */
  readonly keepMs: number
  /** A position was beyond the log end; shown as 0 and counted. */
  onClamp(partition: number): void
}

interface Known {
  readonly records: number
  readonly atMs: number
}

/** The reference series. */
export class ReferenceLagSeries implements LagSeries {
  readonly #needs: LagSeriesNeeds
  #known = new Map<number, Known>()
  #assigned: ReadonlySet<number> = new Set()

  constructor(needs: LagSeriesNeeds) {
    this.#needs = needs
  }

  polled(samples: readonly LagSample[]): void {
    const atMs = this.#needs.clock.nowMs()
    for (const sample of samples) {
      if (!this.#assigned.has(sample.partition)) continue
      this.#known.set(sample.partition, { records: this.#recordsOf(sample), atMs })
    }
  }

  assigned(partitions: readonly number[]): void {
    this.#assigned = new Set(partitions)
    for (const partition of this.#known.keys()) {
      if (!this.#assigned.has(partition)) this.#known.delete(partition)
    }
  }

  read(): ReadonlyMap<number, number> {
    const oldestMs = this.#needs.clock.nowMs() - this.#needs.keepMs
    const shown = new Map<number, number>()
    for (const [partition, { records, atMs }] of this.#known) {
      if (atMs >= oldestMs) shown.set(partition, records)
    }
    return shown
  }

  /** From the position, or from the log start where retention has overtaken it. */
  #recordsOf({ partition, position, logStart, logEnd }: LagSample): number {
    const base = position > logStart ? position : logStart
    if (base <= logEnd) return Number(logEnd - base)
    this.#needs.onClamp(partition)
    return 0
  }
}

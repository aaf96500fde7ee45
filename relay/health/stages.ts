/**
 * When each stage was last active. Observed from outside: a counter of each stage is read once a
 * second, so that the path of a record takes no timestamps.
 */
import type { Metrics } from '../metrics/metrics.ts'
import type { AgeGauges } from './seam.ts'
import type { Stage } from '../tables/stage-metrics.ts'
import type { Clock } from '../world/clock.ts'

/** A counter that grows when the stage is active. */
export type StageCounts = Readonly<Record<Stage, () => number>>

interface Seen {
  readonly stage: Stage
  readonly count: () => number
  last: number
  lastMs: number | undefined
  lastUnixMs: number | undefined
}

const lookEveryMs = 1_000

export class Stages {
  readonly #clock: Clock
  readonly #seen: readonly Seen[]

  constructor(clock: Clock, counts: StageCounts) {
    this.#clock = clock
    const entries = Object.entries(counts) as [Stage, () => number][]
    this.#seen = entries.map(([stage, count]) => {
      return { stage, count, last: 0, lastMs: undefined, lastUnixMs: undefined }
    })
    clock.every(lookEveryMs, () => this.look())
  }

  look(): void {
    const [nowMs, unixMs] = [this.#clock.nowMs(), this.#clock.unixMs()]
    for (const one of this.#seen) {
      const count = one.count()
      if (count === one.last) continue
      Object.assign(one, { last: count, lastMs: nowMs, lastUnixMs: unixMs })
    }
  }

  /** Lets the scrape read ages and timestamps. */
  export(metrics: Metrics, ages: AgeGauges): void {
    metrics.stageAge.from(() => {
      this.look()
      const nowMs = this.#clock.nowMs()
      return this.#map(({ lastMs }) => ages.seconds(lastMs === undefined ? lastMs : nowMs - lastMs))
    })
    metrics.stageTimestamp.from(() =>
      this.#map(({ lastUnixMs: ms }) => (ms === undefined ? undefined : ms / 1_000)),
    )
  }

  #map(valueOf: (one: Seen) => number | undefined): Map<Stage, number> {
    const values = new Map<Stage, number>()
    for (const one of this.#seen) {
      const value = valueOf(one)
      if (value !== undefined) values.set(one.stage, value)
    }
    return values
  }
}

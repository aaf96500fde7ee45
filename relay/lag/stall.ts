/**
 * How long records have waited in Kafka while the relay read none. Only answers of brokers count: a
 * silent broker, an idle topic and a partition that is paused on purpose are not a stall, and any
 * record that is read ends it.
 */
import type { LagSample } from './seam.ts'
import type { Clock } from '../world/clock.ts'

export interface StallNeeds {
  readonly clock: Clock
  /** Next offset to read, if any record of the partition was read. */
  readonly position: (partition: number) => bigint | undefined
  /** Whether the partition is not read on purpose. */
  readonly isPaused: (partition: number) => boolean
}

interface Waiting {
  /** The position by the poll, which knows the group's commits too. */
  readonly position: bigint
  /** The consumer's own position at that time. */
  readonly taken: bigint | undefined
  readonly sinceMs: number
}

export class Stall {
  readonly #needs: StallNeeds
  #waiting = new Map<number, Waiting>()

  constructor(needs: StallNeeds) {
    this.#needs = needs
  }

  /** A poll has ended; partitions without a sample got no answer, and start again later. */
  polled(samples: readonly LagSample[]): void {
    const waiting = new Map<number, Waiting>()
    for (const { partition, position, logEnd } of samples) {
      if (position >= logEnd || this.#needs.isPaused(partition)) continue
      const before = this.#waiting.get(partition)
      const taken = this.#needs.position(partition)
      const isSame = before?.position === position && before.taken === taken
      const sinceMs = isSame ? before.sinceMs : this.#needs.clock.nowMs()
      waiting.set(partition, { position, taken, sinceMs })
    }
    this.#waiting = waiting
  }

  /** The longest stall of a partition; undefined while there is none. */
  ms(): number | undefined {
    const { clock, isPaused, position } = this.#needs
    const sinces = Array.from(this.#waiting)
      .filter(([partition, { taken }]) => position(partition) === taken && !isPaused(partition))
      .map(([, { sinceMs }]) => sinceMs)
    return sinces.length === 0 ? undefined : clock.nowMs() - Math.min(...sinces)
  }
}

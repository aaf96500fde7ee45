/**
 * Records that arrived in this turn of the event loop. Records and holes of one fetch arrive in
 * separate calls; here they are sorted, and adjacent holes are merged.
 */
import type { Stretch } from './stretch.ts'

export class Incoming {
  readonly #take: (partition: number, stretch: Stretch) => void
  readonly #taken: () => void
  #partitions = new Map<number, Stretch[]>()

  /**
   * @param take gets the stretches of a partition ascending, no later than after this turn
   * @param taken is called when all were handed over
   */
  constructor(take: (partition: number, stretch: Stretch) => void, taken: () => void) {
    this.#take = take
    this.#taken = taken
  }

  add(partition: number, stretch: Stretch): void {
    if (this.#partitions.size === 0) queueMicrotask(() => this.settle())
    const known = this.#partitions.get(partition)
    if (known === undefined) this.#partitions.set(partition, [stretch])
    else known.push(stretch)
  }

  /** Hands everything over now. */
  settle(): void {
    const partitions = this.#partitions
    if (partitions.size === 0) return
    this.#partitions = new Map()
    for (const [partition, stretches] of partitions) {
      for (const stretch of joined(stretches)) this.#take(partition, stretch)
    }
    this.#taken()
  }

  clear(): void {
    this.#partitions.clear()
  }
}

const byOffset = (a: Stretch, b: Stretch) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0)

function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = []
  for (const stretch of stretches.toSorted(byOffset)) {
    const last = result.at(-1)
    const isHoleOn = stretch.value === undefined && last !== undefined && last.value === undefined
    if (isHoleOn && last.last + 1n === stretch.first) {
      result[result.length - 1] = { ...last, last: stretch.last }
    } else result.push(stretch)
  }
  return result
}

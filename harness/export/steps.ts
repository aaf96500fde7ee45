/**
 * Time in steps of equal width: what happens a million times is counted by step, so that an export
 * is as large as the run is long, however much was delivered.
 */

/** One step is a second, in a run of up to an hour; a longer run has as many, and wider ones. */
const stepsMax = 3_600
const secondMs = 1_000

export class Steps {
  readonly widthMs: number
  readonly #count: number

  /** Steps from 0 up to a time that no event of the run can be after. */
  constructor(lastMs: number) {
    this.widthMs = secondMs * Math.max(1, Math.ceil(lastMs / secondMs / stepsMax))
    this.#count = Math.max(1, Math.ceil(lastMs / this.widthMs))
  }

  /** The step of a time; the first and the last take what lies outside. */
  indexOf(ms: number): number {
    return Math.min(this.#count - 1, Math.max(0, Math.floor(ms / this.widthMs)))
  }

  /** A column of zeros, one for each step. */
  zeros(): Float64Array {
    return new Float64Array(this.#count)
  }

  /** The edges of the steps, from 0 up to the first at or behind the end. */
  *edges(endMs: number): Generator<number> {
    const last = this.indexOf(endMs - 1) + 1
    for (let i = 0; i <= last; i += 1) yield i * this.widthMs
  }

  /** At each edge what was counted so far. */
  *sumsOf(counts: Float64Array, endMs: number): Generator<readonly [ms: number, sum: number]> {
    let sum = 0
    for (const ms of this.edges(endMs)) {
      if (ms > 0) sum += counts[ms / this.widthMs - 1] ?? 0
      yield [ms, sum]
    }
  }
}

/** Counts in bins of equal width, from 0 on: what a rate is drawn from. */

/** Bins that reach up to `end`; all times in the same unit. What lies outside is left out. */
export class Bins {
  readonly #width: number
  readonly #sums: number[]

  constructor(end: number, width: number) {
    this.#width = width
    this.#sums = Array.from({ length: Math.ceil(end / width) }, () => 0)
  }

  add(t: number, count: number): void {
    const bin = Math.floor(t / this.#width)
    const sum = this.#sums[bin]
    if (sum !== undefined) this.#sums[bin] = sum + count
  }

  get sums(): readonly number[] {
    return this.#sums
  }

  /** The middle of each bin. */
  get middles(): number[] {
    return this.#sums.map((_, bin) => (bin + 0.5) * this.#width)
  }
}

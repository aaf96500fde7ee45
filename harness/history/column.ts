/** A growing column of numbers: 8 bytes a value, where an array of arrays would take a hundred. */

const firstCapacity = 256

/** Append-only. Reading past the end is a programmer error and gives NaN. */
export class Column {
  #values = new Float64Array(firstCapacity)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow()
    this.#values[this.#length] = value
    this.#length += 1
  }

  at(index: number): number {
    return index < this.#length ? (this.#values[index] as number) : Number.NaN
  }

  /** The values so far, without a copy; not to be kept across a `push`. */
  view(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }

  #grow(): void {
    const grown = new Float64Array(this.#values.length * 2)
    grown.set(this.#values)
    this.#values = grown
  }
}

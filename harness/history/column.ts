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

/**
 * Where an offset stands in ascending offsets; -1 where it is not among them. Offsets are
 * contiguous where all is well, so the guess is right; else a binary search.
 */
export function placeOf(offsets: Float64Array, offset: number): number {
  const guess = offset - (offsets[0] ?? 0)
  if (offsets[guess] === offset) return guess
  let low = 0
  let high = offsets.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = offsets[middle] as number
    if (found === offset) return middle
    if (found < offset) low = middle + 1
    else high = middle - 1
  }
  return -1
}

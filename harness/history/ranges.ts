/**
 * Sets of offsets as ascending ranges without overlap. What a client received is one range as
 * long as all is well, so that judging a million deliveries costs as much as their runs.
 */

/** Offsets `first..last`, both included. */
export interface Range {
  readonly first: number
  readonly last: number
}

export const sizeOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0)

/** A growing set of offsets. Appending at the end is O(1), anything else O(number of ranges). */
export class Ranges {
  readonly #ranges: { first: number; last: number }[] = []

  /** Ascending, not touching one another. */
  get all(): readonly Range[] {
    return this.#ranges
  }

  get last(): number | undefined {
    return this.#ranges.at(-1)?.last
  }

  get first(): number | undefined {
    return this.#ranges[0]?.first
  }

  has(offset: number): boolean {
    const range = this.#ranges[this.#firstEndingAtOrAfter(offset)]
    return range !== undefined && range.first <= offset
  }

  /** Adds `first..last`. An empty range (`last < first`) adds nothing. */
  add(first: number, last: number): void {
    if (last < first) return
    const tail = this.#ranges.at(-1)
    if (tail === undefined || first > tail.last + 1) {
      this.#ranges.push({ first, last })
    } else if (first >= tail.first) {
      if (last > tail.last) tail.last = last
    } else {
      this.#insert(first, last)
    }
  }

  addAll(ranges: readonly Range[]): void {
    for (const { first, last } of ranges) this.add(first, last)
  }

  /** What of `first..last` is in the set. */
  within(first: number, last: number): Range[] {
    const found: Range[] = []
    for (let i = this.#firstEndingAtOrAfter(first); i < this.#ranges.length; i += 1) {
      const range = this.#ranges[i] as Range
      if (range.first > last) break
      found.push({ first: Math.max(first, range.first), last: Math.min(last, range.last) })
    }
    return found
  }

  /** What of `first..last` is not in the set. */
  missing(first: number, last: number): Range[] {
    const holes: Range[] = []
    let next = first
    for (const range of this.within(first, last)) {
      if (range.first > next) holes.push({ first: next, last: range.first - 1 })
      next = range.last + 1
    }
    if (next <= last) holes.push({ first: next, last })
    return holes
  }

  #firstEndingAtOrAfter(offset: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle] as Range).last < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(first: number, last: number): void {
    const from = this.#firstEndingAtOrAfter(first - 1)
    let to = from
    let merged = { first, last }
    while (to < this.#ranges.length) {
      const range = this.#ranges[to] as Range
      if (range.first > last + 1) break
      merged = {
        first: Math.min(merged.first, range.first),
        last: Math.max(merged.last, range.last),
      }
      to += 1
    }
    this.#ranges.splice(from, to - from, merged)
  }
}

/** A series over time in two columns: 16 bytes a sample. */
import { Column } from '../history/column.ts'

/** A value at a time, in whole milliseconds since the start of the run. */
export type Point = readonly [ms: number, value: number]

export class Timeline {
  readonly #ms = new Column()
  readonly #values = new Column()
  #isAscending = true

  get length(): number {
    return this.#ms.length
  }

  add(ms: number, value: number): void {
    const { length } = this.#ms
    if (length > 0 && ms <= this.#ms.at(length - 1)) this.#isAscending = false
    this.#ms.push(ms)
    this.#values.push(value)
  }

  /** The highest value within a span of time; undefined where there is none. */
  peak(fromMs: number, toMs: number): number | undefined {
    let most: number | undefined
    for (const [ms, value] of this.points()) {
      if (ms >= fromMs && ms <= toMs && !(value <= (most ?? -Infinity))) most = value
    }
    return most
  }

  /** Ascending, one value a millisecond: the one that was added last. */
  *points(): Generator<Point> {
    const [times, values] = [this.#ms, this.#values]
    if (this.#isAscending) {
      for (let i = 0; i < times.length; i += 1) yield [times.at(i), values.at(i)]
      return
    }
    const order = Uint32Array.from({ length: times.length }, (_, i) => i)
    order.sort((a, b) => times.at(a) - times.at(b) || a - b)
    for (const [place, i] of order.entries()) {
      const next = order[place + 1]
      if (next === undefined || times.at(next) !== times.at(i)) yield [times.at(i), values.at(i)]
    }
  }
}

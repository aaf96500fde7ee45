/**
 * What the batches of one answer of a broker may come to in memory, all together. How much was
 * fetched says little of it: a few kilobytes may unpack to gigabytes, or to millions of records.
 */

/** What a record costs beside its bytes, as the objects that are made of it. */
export const recordBytes = 256

export class Allowance {
  readonly #bytesMax: number
  readonly #heldBytes: number
  #taken = 0

  /** @param heldBytes what earlier answers still come to: only the first need not leave room */
  constructor(bytesMax: number, heldBytes = 0) {
    this.#bytesMax = bytesMax
    this.#heldBytes = heldBytes
  }

  /** Whether nothing was taken yet: whoever is refused now will never fit. */
  get isWhole(): boolean {
    return this.#taken === 0
  }

  /** Bytes that so many records may have; less than none when they are too many. */
  leftFor(records: number): number {
    const heldBytes = this.isWhole ? 0 : this.#heldBytes
    return this.#bytesMax - heldBytes - this.#taken - records * recordBytes
  }

  take(records: number, bytes: number): void {
    this.#taken += records * recordBytes + bytes
  }
}

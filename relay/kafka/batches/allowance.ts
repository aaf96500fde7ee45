/**
 * Limits the memory of all batches in one answer of a broker. The fetched size says little about
 * it: a few kB may unpack to GB, or to millions of records.
 */

/** Memory of a record in addition to its bytes: its objects. */
export const recordBytes = 256

export class Allowance {
  readonly #bytesMax: number
  readonly #heldBytes: number
  #taken = 0

  /** @param heldBytes bytes of earlier answers, which count unless nothing was taken yet */
  constructor(bytesMax: number, heldBytes = 0) {
    this.#bytesMax = bytesMax
    this.#heldBytes = heldBytes
  }

  /** Whether nothing was taken yet: a batch that does not fit now never will. */
  get isWhole(): boolean {
    return this.#taken === 0
  }

  /** Bytes left for the given number of records; negative when they are too many. */
  leftFor(records: number): number {
    const heldBytes = this.isWhole ? 0 : this.#heldBytes
    return this.#bytesMax - heldBytes - this.#taken - records * recordBytes
  }

  take(records: number, bytes: number): void {
    this.#taken += records * recordBytes + bytes
  }
}

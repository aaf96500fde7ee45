/**
 * Messages of clients that have not come to their end: what each holds back costs us its bytes, and
 * nothing else bounds them. When all together hold too much, whoever holds most is closed.
 */
import type { Share } from './ledger.ts'

/** Who sent the beginning of a message. */
export interface PartialHolder {
  readonly partialBytes: number
  /** Closes it; it holds nothing any more when this returns. */
  giveUp(): void
}

export class PartialFrames {
  readonly #share: Pick<Share, 'add' | 'excessBytes' | 'refusals'>
  readonly #holders = new Set<PartialHolder>()

  constructor(share: Pick<Share, 'add' | 'excessBytes' | 'refusals'>) {
    this.#share = share
  }

  /** What somebody holds is another amount than it was. */
  changed(holder: PartialHolder, beforeBytes: number): void {
    const { partialBytes } = holder
    this.#share.add(partialBytes - beforeBytes)
    if (partialBytes === 0) this.#holders.delete(holder)
    else if (beforeBytes === 0) this.#holders.add(holder)
    if (partialBytes > beforeBytes) this.#keepBelow()
  }

  /** Of two that hold the same it is the older one. */
  #keepBelow(): void {
    while (this.#holders.size > 0 && this.#share.excessBytes > 0) {
      let largest: PartialHolder | undefined
      for (const one of this.#holders) {
        if (largest === undefined || one.partialBytes > largest.partialBytes) largest = one
      }
      this.#share.refusals += 1
      largest!.giveUp()
    }
  }
}

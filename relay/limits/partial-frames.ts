/**
 * Messages of clients that have not come to their end: what each holds back costs us its bytes, and
 * nothing else bounds them. When all together hold too much, whoever holds most is closed.
 */
import type { Share } from './ledger.ts'

/** Who sent the beginning of a message. */
export interface PartialHolder {
  readonly partialBytes: number
  /** Counts again what it holds, where nothing tells of a change. */
  measure(): void
  /** Closes it; it holds nothing any more when this returns. */
  giveUp(): void
}

/** What all of them together may hold. */
export type PartialShare = Pick<Share, 'add' | 'excessBytes' | 'refusals'>

export class PartialFrames {
  readonly #share: PartialShare
  readonly #holders = new Set<PartialHolder>()
  /** Those that are not read from: what came all the same waits, and nobody is told of it. */
  readonly #unread = new Set<PartialHolder>()

  constructor(share: PartialShare) {
    this.#share = share
  }

  /** Somebody is not read from for now, or is read from again. */
  isRead(holder: PartialHolder, isRead: boolean): void {
    if (isRead) this.#unread.delete(holder)
    else this.#unread.add(holder)
  }

  /** Counts what came of those that are not read from; to be called now and then. */
  look(): void {
    for (const holder of this.#unread) holder.measure()
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

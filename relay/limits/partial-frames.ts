/**
 * Incomplete messages of clients: their bytes are held in memory, and nothing else bounds them.
 * When all together hold too much, the client that holds most is closed.
 */
import type { Share } from './ledger.ts'

/** A client that has sent the beginning of a message. */
export interface PartialHolder {
  readonly partialBytes: number
  /** Counts what it holds again, where no event reports a change. */
  measure(): void
  /** Closes it; it holds no bytes when this returns. */
  giveUp(): void
}

/** The memory that all of them share. */
export type PartialShare = Pick<Share, 'add' | 'excessBytes' | 'refusals'>

export class PartialFrames {
  readonly #share: PartialShare
  readonly #holders = new Set<PartialHolder>()
  /** Clients that are not being read: bytes still arrive, without an event. */
  readonly #unread = new Set<PartialHolder>()

  constructor(share: PartialShare) {
    this.#share = share
  }

  /** Reading from a client is paused or resumed. */
  isRead(holder: PartialHolder, isRead: boolean): void {
    if (isRead) this.#unread.delete(holder)
    else this.#unread.add(holder)
  }

  /** Counts the bytes of clients that are not being read; to be called regularly. */
  look(): void {
    for (const holder of this.#unread) holder.measure()
  }

  /** The bytes that a client holds have changed. */
  changed(holder: PartialHolder, beforeBytes: number): void {
    const { partialBytes } = holder
    this.#share.add(partialBytes - beforeBytes)
    if (partialBytes === 0) this.#holders.delete(holder)
    else if (beforeBytes === 0) this.#holders.add(holder)
    if (partialBytes > beforeBytes) this.#keepBelow()
  }

  /** Closes the client that holds most; of two with the same bytes, the older one. */
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

/**
 * Which batches of an answer belong to transactions that were given up. The broker sends them all
 * the same, and beside them a list of those transactions, in the order in which they ended.
 */
import type { Batch } from './batch.ts'

/** A transaction that was given up, as a broker lists it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * Whether nobody may read a batch: its transaction was given up, or it is a marker. Asked of all
 * batches of an answer, in their order.
 */
export type IsHidden = (batch: Batch) => boolean
export type OpenTransactions = (aborted: readonly AbortedTransaction[]) => IsHidden

/** The reference. */
export const openTransactions: OpenTransactions = (aborted) => {
  const transactions = new Transactions(aborted)
  return (batch) => transactions.hides(batch)
}

class Transactions {
  /** Those that no batch has reached yet, the first one last. */
  readonly #ahead: AbortedTransaction[]
  /** Producers that are within a transaction which they give up further on. */
  readonly #givingUp = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = aborted.toSorted((one, other) => Number(other.firstOffset - one.firstOffset))
  }

  hides(batch: Batch): boolean {
    this.#enterUpTo(batch.lastOffset)
    if (!batch.isControl) return batch.isTransactional && this.#givingUp.has(batch.producerId)
    // A marker that cannot be read ends the transaction too: the next one is listed by itself.
    if (markerOf(batch) !== 'commit') this.#givingUp.delete(batch.producerId)
    return true
  }

  #enterUpTo(lastOffset: bigint): void {
    for (let next = this.#ahead.at(-1); next !== undefined; next = this.#ahead.at(-1)) {
      if (next.firstOffset > lastOffset) return
      this.#givingUp.add(next.producerId)
      this.#ahead.pop()
    }
  }
}

/** What the key of a marker says, after its length and a version. */
function markerOf({ body }: Batch): 'abort' | 'commit' | undefined {
  // Length, attributes and two deltas are a byte each, since a marker stands alone in its batch.
  const [keyBytes, type] = [body[4], body.length < 9 ? undefined : body.readInt16BE(7)]
  if (keyBytes !== 8) return undefined
  return type === 0 ? 'abort' : type === 1 ? 'commit' : undefined
}

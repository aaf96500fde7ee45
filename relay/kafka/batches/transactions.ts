/**
 * Which batches of an answer belong to aborted transactions. The broker sends them too, and a list
 * of those transactions, in the order in which they ended.
 */
import type { Batch } from './batch.ts'

/** An aborted transaction, as a broker lists it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/**
 * Whether a batch must not be read: its transaction was aborted, or it is a marker. To be called
 * for all batches of an answer, in their order.
 */
export type IsHidden = (batch: Batch) => boolean
export type OpenTransactions = (aborted: readonly AbortedTransaction[]) => IsHidden

/** The reference implementation. */
export const openTransactions: OpenTransactions = (aborted) => {
  const transactions = new Transactions(aborted)
  return (batch) => transactions.hides(batch)
}

class Transactions {
  /** Transactions that no batch has reached yet, in reverse order. */
  readonly #ahead: AbortedTransaction[]
  /** Producers that are inside a transaction that is aborted later. */
  readonly #aborting = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = aborted.toSorted((one, other) => Number(other.firstOffset - one.firstOffset))
  }

  hides(batch: Batch): boolean {
    this.#enterUpTo(batch.lastOffset)
    if (!batch.isControl) return batch.isTransactional && this.#aborting.has(batch.producerId)
    // A marker that cannot be read ends the transaction too: the next one is listed by itself.
    if (markerOf(batch) !== 'commit') this.#aborting.delete(batch.producerId)
    return true
  }

  #enterUpTo(lastOffset: bigint): void {
    for (let next = this.#ahead.at(-1); next !== undefined; next = this.#ahead.at(-1)) {
      if (next.firstOffset > lastOffset) return
      this.#aborting.add(next.producerId)
      this.#ahead.pop()
    }
  }
}

/** The type in the key of a marker, after its length and a version. */
function markerOf({ body }: Batch): 'abort' | 'commit' | undefined {
  // Length, attributes and two deltas are a byte each, because a marker is alone in its batch.
  const [keyBytes, type] = [body[4], body.length < 9 ? undefined : body.readInt16BE(7)]
  if (keyBytes !== 8) return undefined
  return type === 0 ? 'abort' : type === 1 ? 'commit' : undefined
}

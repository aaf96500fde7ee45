/**
 * The one rule about order, asked before anything touches a run. Kafka keeps the order of a
 * thread, so a new record whose sequence is not above every sequence seen is a producer's mistake,
 * whatever it carries: applying it would put an old state over a newer one.
 */

/** Where a run stands: what it is built on, and how far it was heard of. */
export interface RunPosition {
  /** Every sequence up to here is contained in the state; `undefined` while the base is unknown. */
  readonly chain: bigint | undefined
  /** The highest sequence seen, applied or not; 0n for none. */
  readonly seen: bigint
}

/**
 * `next` continues the chain · `ahead` leaves something out, or the chain has no beginning ·
 * `behind` must not change anything · `unnumbered` cannot be placed.
 */
export type Place = 'next' | 'ahead' | 'behind' | 'unnumbered'

/** Decides where a message stands in its run. */
export interface SequenceGuard {
  /** @param isRepeat the record was sent before, so it may fill what is open above the chain */
  place(sequence: bigint, run: RunPosition, isRepeat: boolean): Place
}

export const monotonicGuard: SequenceGuard = {
  place(sequence, { chain, seen }, isRepeat) {
    if (sequence === 0n) return 'unnumbered'
    const floor = isRepeat ? (chain ?? 0n) : seen
    if (sequence <= floor) return 'behind'
    return chain !== undefined && sequence === chain + 1n ? 'next' : 'ahead'
  },
}

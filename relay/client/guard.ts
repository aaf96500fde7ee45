/**
 * The one rule about order, checked before a run is changed. Kafka keeps the order of a thread, so
 * a new record whose sequence is not above every sequence seen is a producer's mistake: applying it
 * would replace a newer state by an old one.
 */

/** The position of a run: the sequence of its state, and the newest one seen. */
export interface RunPosition {
  /** Every sequence up to here is contained in the state; `undefined` while the base is unknown. */
  readonly chain: bigint | undefined
  /** The highest sequence seen, applied or not; 0n for none. */
  readonly seen: bigint
}

/**
 * `next` continues the chain · `ahead` leaves a gap, or the chain has no beginning · `behind` must
 * not change anything · `unnumbered` has no sequence.
 */
export type Place = 'next' | 'ahead' | 'behind' | 'unnumbered'

/** Decides the place of a message in its run. */
export interface SequenceGuard {
  /** @param isRepeat the record was sent before, so it may fill a gap above the chain */
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

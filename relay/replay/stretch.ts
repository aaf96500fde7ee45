/** The data of the replay buffer's tiers: stretches of offsets, and runs of them. */

/** Offsets `first` to `last`: one record with its value, or offsets without a record. */
export interface Stretch {
  readonly first: bigint
  readonly last: bigint
  readonly value: Buffer | undefined
}

/** Consecutive stretches, each adjacent to the next. */
export interface Run {
  readonly stretches: readonly Stretch[]
  /** Whether the tier knows what follows the last one. */
  readonly hasMore: boolean
  /** Bytes that the first one needs, if it is too large; then there are none. */
  readonly neededBytes?: number
}

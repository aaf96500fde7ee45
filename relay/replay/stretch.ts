/** What the tiers of the replay buffer speak of: stretches of offsets, and runs of them. */

/** Offsets `first` to `last`: one record with its value, or a natural hole without one. */
export interface Stretch {
  readonly first: bigint
  readonly last: bigint
  readonly value: Buffer | undefined
}

/** Consecutive stretches, each touching the next. */
export interface Run {
  readonly stretches: readonly Stretch[]
  /** Whether the tier knows what follows the last one. */
  readonly hasMore: boolean
  /** What the first one needs, if it is larger than it may be; then there are none. */
  readonly neededBytes?: number
}

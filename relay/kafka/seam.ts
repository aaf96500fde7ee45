/** What may be replaced of the way to Kafka. */

/** Which offset is committed for a partition. */
export interface OffsetPolicy {
  /**
   * All records below `next` were offered or dead-lettered.
   *
   * @param begun where this process began to read, as far as it was told
   * @returns undefined where the group is not to learn of it yet
   */
  toCommit(next: bigint, begun: bigint | undefined): bigint | undefined
}

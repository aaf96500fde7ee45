/** The replaceable part of the Kafka intake. */

/** Which offset is committed for a partition. */
export interface OffsetPolicy {
  /**
   * All records below `next` were offered or dead-lettered.
   *
   * @param begun where this process began to read, if known
   * @returns undefined where nothing is to be committed yet
   */
  toCommit(next: bigint, begun: bigint | undefined): bigint | undefined
}

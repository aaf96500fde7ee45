/** A record after decoding, and ranges of records that a client missed. */

/** A record that was decoded successfully, as the later stages need it. */
export interface RelayRecord {
  readonly partition: number
  readonly offset: bigint
  /**
   * The Kafka value, unchanged: what every client gets. A view of the byte log's segment, never
   * rewritten, so it may be kept; but keeping it keeps its segment (1 MiB, or the record if that is
   * larger). A buffer that keeps records in their order, with a limit in bytes, holds at most two
   * segments more than it counts; code that keeps single records of many segments must copy them.
   */
  readonly value: Buffer
}

/** Records of one partition that a client can no longer get from the log. */
export interface MissedRange {
  readonly partition: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** Records, not offsets: dead-lettered records in between are not counted. */
  readonly count: number
}

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, bigint>

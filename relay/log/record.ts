/** A record as the stages behind decoding know it, and what a client may miss of them. */

/** A record that passed decoding, as the stages after it need it. */
export interface RelayRecord {
  readonly partition: number
  readonly offset: bigint
  /**
   * The Kafka value, unchanged: what every client gets. A view of the byte log's segment, never
   * rewritten, so it may be kept for as long as one likes; but keeping it keeps its segment (1 MiB,
   * or the record if that is larger). Whoever keeps records in the order they came, with a bound
   * in bytes, holds at most two segments more than it counts; whoever keeps single records of
   * many segments must copy them.
   */
  readonly value: Buffer
}

/** Records of one partition that a client can no longer get from the log. */
export interface MissedRange {
  readonly partition: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** Records, not offsets: what was dead-lettered in between was never for clients. */
  readonly count: number
}

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, bigint>

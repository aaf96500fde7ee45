/** What the lag series are made of: interfaces of the parts that stand here. */

/** What the lag monitor knows of one partition at a poll. */
export interface LagSample {
  readonly partition: number
  /** Next offset that the relay will take. */
  readonly position: bigint
  readonly logStart: bigint
  readonly logEnd: bigint
  /** Since the last record of it was handled; undefined for never. */
  readonly idleMs: number | undefined
}

/** Decides which lag series exist and what they say. Told of every poll and every rebalance. */
export interface LagSeries {
  /** A poll answered for these assigned partitions. */
  polled(samples: readonly LagSample[]): void
  /** The assignment changed: only these partitions are ours now. */
  assigned(partitions: readonly number[]): void
  /** Current series by partition, records; absent where unknown. */
  read(): ReadonlyMap<number, number>
}

/** How Kafka is asked for the lag, and what waits for its answers. */
export interface LagQuestions {
  /** Puts the questions of one poll, which are put side by side. @throws without an answer */
  poll<T>(ask: () => Promise<T>): Promise<T>
  /** Whether replays may begin, once it is known where reading begins. */
  readonly mayReplay: boolean
}

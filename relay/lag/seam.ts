/** The lag series: interfaces of the parts in this folder. */

/** What the lag monitor knows of one partition at a poll. */
export interface LagSample {
  readonly partition: number
  /** Next offset that the relay will read. */
  readonly position: bigint
  readonly logStart: bigint
  readonly logEnd: bigint
  /** Since the last record of it was handled; undefined for never. */
  readonly idleMs: number | undefined
}

/** Decides which lag series exist and their values. Called for every poll and every rebalance. */
export interface LagSeries {
  /** A poll got answers for these assigned partitions. */
  polled(samples: readonly LagSample[]): void
  /** The assignment changed: only these partitions are assigned now. */
  assigned(partitions: readonly number[]): void
  /** Current series by partition, records; absent where unknown. */
  read(): ReadonlyMap<number, number>
}

/** How Kafka is polled for the lag, and what waits for its answers. */
export interface LagQuestions {
  /** Sends the requests of one poll, in parallel. @throws without an answer */
  poll<T>(ask: () => Promise<T>): Promise<T>
  /** Whether replays may begin, once it is known where reading begins. */
  readonly mayReplay: boolean
}

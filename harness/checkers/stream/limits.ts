/**
 * What is known of the target beforehand, and how much the scenario's claim allows: everything that
 * an excuse is held against. What nobody knows stays undefined, and nothing is excused by it.
 */
import { allowances, kafkaDefaults } from '../reading/allowances.ts'

const { stalledMsMin } = allowances

export interface StreamLimits {
  /** Longest time that records may wait while the consumer holds their partition. */
  readonly stalledMs: number
  /** How long Kafka waits for a member that was killed, before others get its partitions. */
  readonly sessionTimeoutMs: number
  /** Records that may be declared missing to one client although nothing took them away. */
  readonly declaredLossMax: number
  /** Records from before the cursor that a replay may repeat, as its protocol documents. */
  readonly replayOverlapMax: number
  /** Most records of one replay; undefined: nobody knows, and no cap can be believed. */
  readonly replayRecordsMax: number | undefined
  /** Longest that a replay may take; the relay may hang up then. Undefined: nobody knows. */
  readonly replayTimeoutMs: number | undefined
  /** Newest records of a partition that a replay must still have. */
  readonly retainedRecords: number | undefined
  /** Records that are kept for clients which are behind. */
  readonly ringRecordsMax: number | undefined
  /** Groups whose clients read slowly all the time. */
  readonly slowGroups: readonly string[]
}

/** Three commits without any progress are no coincidence; a short interval is given more time. */
export const stalledMsFor = (commitIntervalMs = kafkaDefaults.commitIntervalMs): number =>
  Math.max(3 * commitIntervalMs, stalledMsMin)

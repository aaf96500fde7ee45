/**
 * What is known of the target beforehand, and what the scenario's claim allows: the limits of every
 * excuse. An unknown limit stays undefined and excuses nothing.
 */
import { allowances, kafkaDefaults } from '../reading/allowances.ts'

const { stalledMsMin } = allowances

export interface StreamLimits {
  /** Longest time that records may wait while the consumer holds their partition. */
  readonly stalledMs: number
  /** How long Kafka waits for a killed member before others get its partitions. */
  readonly sessionTimeoutMs: number
  /** Records that may be declared missing to one client without a cause. */
  readonly declaredLossMax: number
  /** Records from before the cursor that a replay may repeat, as its protocol documents. */
  readonly replayOverlapMax: number
  /** Most records of one replay; undefined: not known, and no cap is accepted. */
  readonly replayRecordsMax: number | undefined
  /** Longest time of a replay; the relay may then close the client. Undefined: not known. */
  readonly replayTimeoutMs: number | undefined
  /** Newest records of a partition that a replay must still have. */
  readonly retainedRecords: number | undefined
  /** Records that are kept for clients which are behind. */
  readonly ringRecordsMax: number | undefined
  /** Groups whose clients read slowly all the time. */
  readonly slowGroups: readonly string[]
}

/** Three commits without progress are no coincidence; a short interval gets more time. */
export const stalledMsFor = (commitIntervalMs = kafkaDefaults.commitIntervalMs): number =>
  Math.max(3 * commitIntervalMs, stalledMsMin)

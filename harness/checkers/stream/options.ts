/** What the stream checker may be told, and what it finds. */
import type { GroupName } from '../options.ts'
import type { AnomalyKind } from '../checker.ts'
import type { Flaw } from './flaw.ts'
import type { Exempt } from './exempt.ts'
import type { StreamLimits } from './limits.ts'
import type { Doubt } from '../reading/conclude.ts'
import type { Account } from './account.ts'

/** What `stream` may be told. */
export interface StreamOptions<G extends string = string> {
  /** Groups to judge; default is all. */
  readonly groups?: readonly GroupName<G>[]
  /** The relay was told to stop a partition at a malformed record: nothing behind it is owed. */
  readonly haltsAtPoison?: boolean
  /**
   * The anomalies that are this finding's own; default is all. Others do not make it fail: it is
   * unknown where they hide what is asked for, and judged by its own otherwise.
   */
  readonly rules?: readonly AnomalyKind[]
  /** Of those, only what an outage of Redis took from what is kept for replay. */
  readonly takenBy?: 'outage'
  /** Groups whose clients read slowly all the time: they may be lapped and closed. */
  readonly slowGroups?: readonly GroupName<G>[]
  /**
   * Longest time that records may wait while the consumer holds their partition; default is three
   * commit intervals of Kafka's clients, 15 s.
   */
  readonly stalledMs?: number
  /** The target's session timeout in its consumer group; default is 45 s, as of Kafka's clients. */
  readonly sessionTimeoutMs?: number
  /** Records that may be declared missing to a client without any cause; default 0. */
  readonly declaredLossMax?: number
  /** Records before the cursor that a replay may repeat; default 0. */
  readonly replayOverlapMax?: number
  /** Most records of one replay of the target; without it no cap can be believed. */
  readonly replayRecordsMax?: number
  /** Longest that a replay of the target may take; without it no hanging up is believed. */
  readonly replayTimeoutMs?: number
  /** Newest records of each partition that the target must keep for replay. */
  readonly retainedRecords?: number
  /** Records that the target keeps for clients that are behind. */
  readonly ringRecordsMax?: number
}

/** What is wrong with the stream, what cannot be told, and what was compared. */
export interface StreamFlaws {
  readonly flaws: readonly Flaw[]
  readonly doubts: readonly Doubt[]
  readonly accounts: readonly Account[]
  readonly exempt: ReadonlyMap<number, Exempt>
  readonly limits: StreamLimits
}

/** What the stream checker may be told, and what it finds. */
import { z } from 'zod'
import { anomalyKinds, type AnomalyKind } from '../checker.ts'
import { count, groupRefs, milliseconds, type OptionsOf } from '../options.ts'
import type { Flaw } from './flaw.ts'
import type { Exempt } from './exempt.ts'
import type { StreamLimits } from './limits.ts'
import type { Doubt } from '../reading/conclude.ts'
import type { Account } from './account.ts'

const kinds = z.array(z.enum(Object.keys(anomalyKinds) as [AnomalyKind, ...AnomalyKind[]]))

/** What `stream` may be told. */
export const streamSchema = z.strictObject({
  /** Groups to judge; default is all. */
  groups: groupRefs.exactOptional(),
  /** The relay was told to stop a partition at a malformed record: nothing behind it is owed. */
  haltsAtPoison: z.boolean().exactOptional(),
  /**
   * The anomalies that are this finding's own; default is all. Others do not make it fail: it is
   * unknown where they hide what is asked for, and judged by its own otherwise.
   */
  rules: kinds.min(1).readonly().exactOptional(),
  /** Of those, only what an outage of Redis took from what is kept for replay. */
  takenBy: z.literal('outage').exactOptional(),
  /** Groups whose clients read slowly all the time: they may be lapped and closed. */
  slowGroups: groupRefs.exactOptional(),
  /**
   * Longest time that records may wait while the consumer holds their partition; default is three
   * commit intervals of Kafka's clients, 15 s.
   */
  stalledMs: milliseconds.exactOptional(),
  /** The target's session timeout in its consumer group; default is 45 s, as of Kafka's clients. */
  sessionTimeoutMs: milliseconds.exactOptional(),
  /** Records that may be declared missing to a client without any cause; default 0. */
  declaredLossMax: count.exactOptional(),
  /** Records before the cursor that a replay may repeat; default 0. */
  replayOverlapMax: count.exactOptional(),
  /** Most records of one replay of the target; without it no cap can be believed. */
  replayRecordsMax: count.exactOptional(),
  /** Longest that a replay of the target may take; without it no hanging up is believed. */
  replayTimeoutMs: milliseconds.exactOptional(),
  /** Newest records of each partition that the target must keep for replay. */
  retainedRecords: count.exactOptional(),
  /** Records that the target keeps for clients that are behind. */
  ringRecordsMax: count.exactOptional(),
})
export type StreamOptions = OptionsOf<typeof streamSchema>

/** What is wrong with the stream, what cannot be told, and what was compared. */
export interface StreamFlaws {
  readonly flaws: readonly Flaw[]
  readonly doubts: readonly Doubt[]
  readonly accounts: readonly Account[]
  readonly exempt: ReadonlyMap<number, Exempt>
  readonly limits: StreamLimits
}

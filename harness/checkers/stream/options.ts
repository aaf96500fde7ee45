/** The options of the stream checker, and what it finds. */
import { z } from 'zod'
import { anomalyKinds, type AnomalyKind } from '../checker.ts'
import { formerAnomalyKinds } from '../former-names.ts'
import { count, groupRefs, milliseconds, type OptionsOf } from '../options.ts'
import type { Flaw } from './flaw.ts'
import type { Exempt } from './exempt.ts'
import type { StreamLimits } from './limits.ts'
import type { Doubt } from '../reading/conclude.ts'
import type { Account } from './account.ts'

const kind = z.preprocess(
  (name) => formerAnomalyKinds[String(name)] ?? name,
  z.enum(Object.keys(anomalyKinds) as [AnomalyKind, ...AnomalyKind[]]),
)
const kinds = z.array(kind)

/** The options of `stream`. */
export const streamSchema = z.strictObject({
  /** Groups to judge; default is all. */
  groups: groupRefs.exactOptional(),
  /** The relay stops a partition at a malformed record: nothing after it is owed. */
  haltsAtPoison: z.boolean().exactOptional(),
  /**
   * The anomalies of this finding; default is all. Others do not make it fail: it is unknown if
   * they hide its own, and judged by its own otherwise.
   */
  rules: kinds.min(1).readonly().exactOptional(),
  /** Of those, only what an outage of Redis removed from the replay buffer. */
  takenBy: z.literal('outage').exactOptional(),
  /** Groups whose clients always read slowly: they may lose records and be closed. */
  slowGroups: groupRefs.exactOptional(),
  /**
   * Longest time that records may wait while the consumer holds their partition; default is three
   * commit intervals of Kafka's clients, 15 s.
   */
  stalledMs: milliseconds.exactOptional(),
  /** The target's session timeout in its consumer group; default is 45 s, as of Kafka's clients. */
  sessionTimeoutMs: milliseconds.exactOptional(),
  /** Records that may be declared missing to a client without a cause; default 0. */
  declaredLossMax: count.exactOptional(),
  /** Records before the cursor that a replay may repeat; default 0. */
  replayOverlapMax: count.exactOptional(),
  /** Most records of one replay of the target; without it no cap is accepted. */
  replayRecordsMax: count.exactOptional(),
  /** Longest time of a replay of the target; without it no close is excused by it. */
  replayTimeoutMs: milliseconds.exactOptional(),
  /** Newest records of each partition that the target must keep for replay. */
  retainedRecords: count.exactOptional(),
  /** Records that the target keeps for lagging clients. */
  ringRecordsMax: count.exactOptional(),
})
export type StreamOptions = OptionsOf<typeof streamSchema>

/** What is wrong with the stream, what is not known, and what was compared. */
export interface StreamFlaws {
  readonly flaws: readonly Flaw[]
  readonly doubts: readonly Doubt[]
  readonly accounts: readonly Account[]
  readonly exempt: ReadonlyMap<number, Exempt>
  readonly limits: StreamLimits
}

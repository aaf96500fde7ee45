/** The interface of the replay buffer: a part, see relay/parts.ts. */
import type { ReplayIntake } from '../stages/seam.ts'
import type { ClientFrame, Parsed } from '../../proto/control.ts'
import type { ResumeRequest, ResumeRefusal } from './resume.ts'

/** One page of a partition, from the memory tier or the Redis tier. */
export interface ReplayPage {
  /** Ascending; `value` as in Kafka. */
  readonly records: readonly { readonly offset: bigint; readonly value: Buffer }[]
  /** Offsets in the page's range that should be stored and are not. */
  readonly holes: readonly { readonly firstOffset: bigint; readonly lastOffset: bigint }[]
  /** The last offset that this page covers; the next page begins after it. */
  readonly through: bigint
  /** Whether there may be more between `through` and the fence. */
  readonly hasMore: boolean
  /** Set when a tier could not be read: the page may be incomplete. */
  readonly degraded?: string
  /** The next record is larger than the budget: the page is empty. */
  readonly neededBytes?: number
}
/** Oldest and newest retained offset of a partition. */
export interface Retained {
  readonly oldest: bigint
  readonly newest: bigint
}
/** An answer; `degraded` says why a tier could not be read, which might have known more. */
export interface Asked<Found> {
  readonly found: Found
  readonly degraded?: string
}
/** How long Redis keeps a record. */
export interface ReplayExpiry {
  readonly ms: number
}
/** The replay buffer: memory and Redis behind one interface. Never slows live delivery down. */
export interface ReplayStore extends ReplayIntake {
  partitions(signal: AbortSignal): Promise<Asked<readonly number[]>>
  /** The range of each of these partitions that has retained records. */
  retained(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<Asked<ReadonlyMap<number, Retained>>>
  /**
   * One page of `after < offset < before`.
   *
   * @param budgetBytes what its records may take; without it the first one may be of any size
   */
  page(
    partition: number,
    after: bigint,
    before: bigint,
    signal: AbortSignal,
    budgetBytes?: number,
  ): Promise<ReplayPage>
  /** Clears everything; `isCleared` only if both tiers were cleared. */
  clear(signal: AbortSignal): Promise<{ isCleared: boolean; keys: number }>
  /** Changes whenever the cursors of clients must no longer be trusted. */
  readonly epoch: string
  /** The `replay_buffer` block of /health. */
  status(): Readonly<Record<string, number | boolean | string | null>>
  close(): Promise<void>
}

/** Decides about a resume. Total: it is served, or refused with its code. */
export interface ResumeParser {
  /**
   * @param read the parsed frame
   * @param text as it arrived
   */
  parse(read: Parsed<ClientFrame>, text: string): ResumeRequest | ResumeRefusal
}

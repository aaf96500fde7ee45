/** The replay buffer as the rest of the relay sees it: a part, see relay/parts.ts. */
import type { ReplayIntake } from '../stages/seam.ts'
import type { ClientFrame } from '../../proto/control.ts'
import type { ResumeRequest, ResumeRefusal } from './resume.ts'
import type { Parsed } from '../../proto/control.ts'

/** What the memory tier and the Redis tier can give for one partition. */
export interface ReplayPage {
  /** Ascending, contiguous in what is stored; `value` as in Kafka. */
  readonly records: readonly { readonly offset: bigint; readonly value: Buffer }[]
  /** Offsets that were stored once or should be there and are not, inside the page's span. */
  readonly holes: readonly { readonly firstOffset: bigint; readonly lastOffset: bigint }[]
  /** The last offset that this page answers for; the next page begins after it. */
  readonly through: bigint
  /** Whether there may be more between `through` and the fence. */
  readonly hasMore: boolean
  /** Set when a tier could not be asked: the page may be short, and the client is told. */
  readonly degraded?: string
  /** The next record is larger than the room that was given: there is nothing of it in the page. */
  readonly neededBytes?: number
}
/** Oldest and newest offset that is retained of a partition. */
export interface Retained {
  readonly oldest: bigint
  readonly newest: bigint
}
/** An answer; `degraded` says why a tier could not be asked, which might have known more. */
export interface Asked<Found> {
  readonly found: Found
  readonly degraded?: string
}
/** How long Redis is told to keep a record. */
export interface ReplayExpiry {
  readonly ms: number
}
/** The replay buffer: memory and Redis behind one face. Never slows live delivery down. */
export interface ReplayStore extends ReplayIntake {
  partitions(signal: AbortSignal): Promise<Asked<readonly number[]>>
  /** Of each of these partitions of which something is retained. */
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
  /** Forgets everything; `isCleared` only if it is true of both tiers. */
  clear(signal: AbortSignal): Promise<{ isCleared: boolean; keys: number }>
  /** Changes whenever what clients remember of this buffer is no longer to be trusted. */
  readonly epoch: string
  /** The `replay_buffer` block of /health. */
  status(): Readonly<Record<string, number | boolean | string | null>>
  close(): Promise<void>
}

/** What becomes of a resume. Total: it is served, or refused with its code. */
export interface ResumeParser {
  /**
   * @param read what was read of it, once
   * @param text as it came
   */
  parse(read: Parsed<ClientFrame>, text: string): ResumeRequest | ResumeRefusal
}

/** What the stages are replaced by: interfaces of the parts that stand here. */
import type { Socket } from 'node:net'
import type { MissedRange, Offsets, RelayRecord } from '../log/record.ts'
import type { CloseReason } from '../tables/close-codes.ts'
import type { ByteLog } from '../log/byte-log.ts'
import type { Share } from '../limits/ledger.ts'
import type { SendFailure, SendPath } from '../tables/send-paths.ts'
import type { Slices } from '../world/turns.ts'

/** How long one write may wait for the client, and the account of those that waited too long. */
export interface SendDeadline {
  /** Milliseconds that a write of this path may stay unfinished. */
  limitMs(path: SendPath): number
  /** A write expired or failed; called once per client, before it is closed. */
  gaveUp(path: SendPath, failure: SendFailure): void
  /** What `/version` tells of it. */
  readonly effective: Readonly<Record<string, number>>
}

/**
 * The write side of one socket, and its only writer. It takes from the shared log by itself; the
 * trunk wakes it. At most one write is under way, so that bytes in flight are bounded.
 */
export interface Outlet {
  /** The log has grown (or may have): write if nothing is under way. Called for all, per flush. */
  wake(): void
  /** Queues a frame of this client's own; `false` when its bounded queue is full. */
  control(frame: Buffer): boolean
  /** Live records may flow. A new client gets none until then, so that a resume can come first. */
  goLive(): void
  /** Holds live records back until `unfence`, for a replay; false if one is under way. */
  fence(): boolean
  /**
   * Says where live records go on, before the replay up to there begins: at the end of the log, or
   * where the client stands if it gets live records already, so that it misses none of them.
   *
   * @param taken for every partition the next offset that may come, whether it reached the log
   * @param cursors last offsets that the client says it has: where they are later than its place,
   * live records go on at the end of the log
   * @returns by partition the first offset that will come live: a replay covers what lies below
   */
  placeFence(taken: Offsets, cursors: Offsets): Offsets
  /**
   * Sends what `chunks` yields. Settles when it was written or the client is gone; live records
   * are still held back then, because only a replay that is complete may be followed by them.
   * Chunks end on frame boundaries.
   */
  replay(chunks: AsyncIterable<Buffer>): Promise<void>
  /** Live records flow, from where the fence was set. */
  unfence(): void
  /** Checks the write under way against its deadline. One sweep serves all clients. */
  sweep(nowMs: number): void
  /** Records of the log that this client has taken or passed: how far it has come. */
  readonly ordinal: number
  /** Its own queue is half full: better not ask for more. `onDrained` follows once it is empty. */
  readonly isCrowded: boolean
  /** Bytes that this client holds: its own queue and the write under way. */
  readonly heldBytes: number
  /** Bytes of its own frames alone, those under way included. */
  readonly queuedBytes: number
  /** Whether its write under way holds a segment that has left the ring. */
  readonly isPinning: boolean
  /**
   * Ends the client; idempotent. `after` is sent when the write under way is done, each under its
   * deadline; without it the socket is destroyed at once.
   */
  close(reason: CloseReason, after?: Buffer): void
  /** Gives up the last frames of a client that is being ended; its socket is destroyed at once. */
  abandon(): void
}

/** What an outlet is made from. */
export interface OutletNeeds {
  /** Nobody else writes to it. */
  readonly socket: Socket
  readonly log: ByteLog
  readonly deadline: SendDeadline
  /** Bytes of one write of live records. */
  readonly writeBytesMax: number
  /** Bytes of frames of its own that may wait. */
  readonly controlBytesMax: number
  /** Where these frames are accounted for, until they are written. */
  readonly queues: Pick<Share, 'add'>
  /** What all clients together may be written in one turn of the loop. */
  readonly slices: Pick<Slices, 'isOver' | 'next'>
  /** The client fell off the log; called before its next record, with what it missed. */
  onLapped(missed: readonly MissedRange[]): void
  /** Its own queue is empty again after it was crowded. */
  onDrained(): void
  /** Called once. No write is under way and none will follow. */
  onClosed(reason: CloseReason): void
}

/** What becomes of records that are taken together, where some of them are malformed. */
export interface PoisonPolicy {
  /**
   * Whether the record at `index` of those is still offered to clients.
   * @param malformed indices of the malformed ones
   */
  isOffered(index: number, malformed: ReadonlySet<number>): boolean
}

/** Where records go that are kept for replay. */
export interface ReplayIntake {
  /**
   * Takes records of one fetch; what cannot be stored is counted. The reference returns at once and
   * nothing: the next fetch waits for what is returned.
   */
  add(records: readonly RelayRecord[]): void | Promise<void>
  /** Offsets that no client gets (dead-lettered, no payload, compacted): not losses. Inclusive. */
  addHole(partition: number, offset: bigint, lastOffset?: bigint): void
}

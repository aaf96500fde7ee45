/** The stages: interfaces of the parts in this folder. */
import type { Socket } from 'node:net'
import type { MissedRange, Offsets, RelayRecord } from '../log/record.ts'
import type { CloseReason } from '../tables/close-codes.ts'
import type { ByteLog } from '../log/byte-log.ts'
import type { Share } from '../limits/ledger.ts'
import type { SendFailure, SendPath } from '../tables/send-paths.ts'
import type { Slices } from '../world/turns.ts'

/** How long one write may wait for the client, and the count of those that waited too long. */
export interface SendDeadline {
  /** Milliseconds that a write of this path may stay unfinished. */
  limitMs(path: SendPath): number
  /** A write expired or failed; called once per client, before it is closed. */
  gaveUp(path: SendPath, failure: SendFailure): void
  /** Its fields in `/version`. */
  readonly effective: Readonly<Record<string, number>>
}

/**
 * The write side of one socket, and its only writer. It reads the shared log by itself when it is
 * woken. At most one write is in progress, so that bytes in flight are bounded.
 */
export interface Outlet {
  /** The log has grown (or may have): write if no write is in progress. Called per flush. */
  wake(): void
  /** Queues a frame for this client only; `false` when its bounded queue is full. */
  control(frame: Buffer): boolean
  /** Starts live delivery. A new client gets none until then, so that a resume can come first. */
  goLive(): void
  /** Holds live records back until `unfence`, for a replay; false if one is in progress. */
  fence(): boolean
  /**
   * Sets where live delivery goes on, before the replay up to there begins: at the end of the log,
   * or at the client's position if it gets live records already, so that it misses none of them.
   *
   * @param taken for every partition the next offset to read, whether it reached the log or not
   * @param cursors the client's last offsets: where they are beyond its position, live delivery
   * goes on at the end of the log
   * @returns by partition the first offset of live delivery: a replay covers the ones below
   */
  placeFence(taken: Offsets, cursors: Offsets): Offsets
  /**
   * Sends what `chunks` yields. Settles when it was written or the client is gone; live records are
   * still held back then, because they may follow only a complete replay.
   * Chunks end on frame boundaries.
   */
  replay(chunks: AsyncIterable<Buffer>): Promise<void>
  /** Live delivery goes on, from where the fence was set. */
  unfence(): void
  /** Checks the current write against its deadline. One sweep serves all clients. */
  sweep(nowMs: number): void
  /** Records of the log that this client has read or skipped: its position. */
  readonly ordinal: number
  /** Its queue is half full: stop reading from it. `onDrained` follows once it is empty. */
  readonly isCrowded: boolean
  /** Bytes that this client holds: its queue and the current write. */
  readonly heldBytes: number
  /** Bytes of its own frames only, those being written included. */
  readonly queuedBytes: number
  /** Whether its current write holds a segment that has left the ring. */
  readonly isPinning: boolean
  /**
   * Closes the client; idempotent. `after` is sent when the current write is done, each within its
   * deadline; without it the socket is destroyed at once.
   */
  close(reason: CloseReason, after?: Buffer): void
  /** Drops the last frames of a client that is being closed; its socket is destroyed at once. */
  abandon(): void
}

/** What an outlet needs. */
export interface OutletNeeds {
  /** The outlet is its only writer. */
  readonly socket: Socket
  readonly log: ByteLog
  readonly deadline: SendDeadline
  /** Bytes of one write of live records. */
  readonly writeBytesMax: number
  /** Bytes of its own frames that may wait. */
  readonly controlBytesMax: number
  /** Memory account of these frames, until they are written. */
  readonly queues: Pick<Share, 'add'>
  /** Time for large writes to all clients in one turn of the event loop. */
  readonly slices: Pick<Slices, 'isOver' | 'next'>
  /** The client fell behind the ring; called before its next record, with what it missed. */
  onLapped(missed: readonly MissedRange[]): void
  /** Its queue is empty again after it was crowded. */
  onDrained(): void
  /** Called once. No write is in progress and none will follow. */
  onClosed(reason: CloseReason): void
}

/** Decides about records that are processed together, where some of them are malformed. */
export interface PoisonPolicy {
  /**
   * Whether the record at `index` is offered to clients.
   * @param malformed indices of the malformed ones
   */
  isOffered(index: number, malformed: ReadonlySet<number>): boolean
}

/** Where records are kept for replay. */
export interface ReplayIntake {
  /**
   * Adds records of one fetch; those that cannot be stored are counted. The next fetch waits for a
   * returned promise; the reference returns none.
   */
  add(records: readonly RelayRecord[]): void | Promise<void>
  /** Offsets that no client gets (dead-lettered, no payload, compacted): not losses. Inclusive. */
  addHole(partition: number, offset: bigint, lastOffset?: bigint): void
}

/**
 * The send stage: sole owner of one socket's write side. It hands the socket one write at a time,
 * so a client can hold only one write and its bounded queue in memory, and a write that exceeds its
 * deadline closes the client. Nothing here allocates per record, and nothing sets a timer: one
 * timer calls `sweep` for all clients.
 *
 * A kernel accepts several MB for a client at once. After large writes the next ones run in slices
 * of the event loop that all clients share: many clients that catch up do not block the others.
 *
 * The client's own frames are written between slices of the log, at record boundaries, and first.
 */
import type { Socket } from 'node:net'
import type { Cursor } from '../log/byte-log.ts'
import type { Segment } from '../log/segment.ts'
import type { Offsets } from '../log/record.ts'
import type { Outlet, OutletNeeds } from './seam.ts'
import type { SendPath } from '../tables/send-paths.ts'
import type { CloseReason } from '../tables/close-codes.ts'

/** How long a client may take to close after the close frame; then the socket is destroyed. */
const lingerMs = 2_000
const nothing = Buffer.alloc(0)

interface Chunk {
  readonly bytes: Buffer
  readonly settle: () => void
}

/** `open` sends; `ending` sends its last frame; `ended` waits for the peer. */
type Phase = 'open' | 'ending' | 'ended' | 'closed'

/** Opens the write side of a socket that has just been upgraded. */
export const openOutlet = (needs: OutletNeeds): Outlet => new SocketOutlet(needs)

class SocketOutlet implements Outlet {
  readonly #needs: OutletNeeds
  readonly #socket: Socket
  readonly #cursor: Cursor
  readonly #written: (error?: Error | null) => void
  #phase: Phase = 'open'
  #reason: CloseReason = 'client_gone'
  #isLive = false
  #isFenced = false
  #isReplaying = false
  /** Whether the fence is at the client's position, and not at the end of the log. */
  #keepsPlace = false
  #underWay: SendPath | undefined
  #underWayBytes = 0
  /** When the first sweep saw this write: a timestamp for every write would be too expensive. */
  #seenMs: number | undefined
  #segment: Segment | undefined
  #queue: Buffer[] = []
  #queueBytes = 0
  #wasCrowded = false
  /** Whether its next write waits for a slice. */
  #isQueued = false
  #chunk: Chunk | undefined

  constructor(needs: OutletNeeds) {
    this.#needs = needs
    this.#socket = needs.socket
    this.#cursor = needs.log.end()
    this.#written = (error) => this.#afterWrite(error)
    needs.socket.on('close', () => this.#afterClose())
  }

  get ordinal(): number {
    return this.#needs.log.ordinalOf(this.#cursor)
  }

  get isCrowded(): boolean {
    return this.#queueBytes > this.#needs.controlBytesMax / 2
  }

  get heldBytes(): number {
    return this.#queueBytes + this.#underWayBytes
  }

  get queuedBytes(): number {
    return this.#queueBytes + (this.#underWay === 'control' ? this.#underWayBytes : 0)
  }

  get isPinning(): boolean {
    return this.#segment !== undefined && this.#segment.isEvicted
  }

  wake(): void {
    if (this.#underWay === undefined) this.#pump()
  }

  control(frame: Buffer): boolean {
    if (this.#phase !== 'open') return false
    const isFull = this.#queueBytes + frame.length > this.#needs.controlBytesMax
    if (isFull && this.#queueBytes > 0) return false
    this.#queue.push(frame)
    this.#queueBytes += frame.length
    this.#needs.queues.add(frame.length)
    this.#wasCrowded ||= this.isCrowded
    this.wake()
    return true
  }

  goLive(): void {
    this.#isLive = true
    this.wake()
  }

  fence(): boolean {
    if (this.#isReplaying) return false
    this.#keepsPlace = this.#isLive && !this.#isFenced
    this.#isFenced = this.#isReplaying = true
    return true
  }

  placeFence(taken: Offsets, cursors: Offsets): Offsets {
    const { log } = this.#needs
    const unread = log.unread(this.#cursor)
    const isPast = unread.some(({ partition, firstOffset }) => {
      return (cursors.get(partition) ?? -1n) >= firstOffset
    })
    const next = new Map([...log.nextOffsets(), ...taken])
    if (this.#keepsPlace && !isPast) {
      for (const { partition, firstOffset } of unread) next.set(partition, firstOffset)
      return next
    }
    const end = log.end()
    this.#cursor.segment = end.segment
    this.#cursor.index = end.index
    return next
  }

  async replay(chunks: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const bytes of chunks) {
        if (this.#phase !== 'open') return
        await this.#takeChunk(bytes)
      }
    } finally {
      this.#isReplaying = false
    }
  }

  unfence(): void {
    this.#isFenced = false
    this.goLive()
  }

  sweep(nowMs: number): void {
    if (this.#underWay === undefined && this.#phase !== 'ended') return
    if (this.#seenMs === undefined) {
      this.#seenMs = nowMs
      return
    }
    const waitedMs = nowMs - this.#seenMs
    if (this.#underWay === undefined) {
      if (waitedMs >= lingerMs) this.#destroy()
      return
    }
    if (waitedMs < this.#needs.deadline.limitMs(this.#underWay)) return
    this.#giveUp('send_timeout')
  }

  close(reason: CloseReason, after?: Buffer): void {
    if (this.#phase !== 'open') return
    this.#reason = reason
    this.#clearQueue()
    if (after === undefined) return this.#destroy()
    this.#phase = 'ending'
    this.#queue.push(after)
    this.#queueBytes = after.length
    this.#needs.queues.add(after.length)
    // Unread input would turn the close into a TCP reset, which discards the last frame.
    this.#socket.resume()
    this.wake()
  }

  abandon(): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') this.#destroy()
  }

  #pump(): void {
    if (this.#queue.length > 0) this.#writeQueue()
    else if (this.#phase === 'ending') this.#end()
    else if (this.#phase !== 'open') return
    else if (this.#chunk !== undefined) this.#write('resume', this.#chunk.bytes)
    else if (this.#isLive && !this.#isFenced) this.#pumpLive()
  }

  #pumpLive(): void {
    const { log, writeBytesMax } = this.#needs
    if (log.isLapped(this.#cursor)) {
      const missed = log.catchUp(this.#cursor)
      if (missed.length > 0) this.#needs.onLapped(missed)
      if (this.#underWay !== undefined || this.#phase !== 'open') return
    }
    const slice = log.take(this.#cursor, writeBytesMax)
    if (slice === undefined) return
    this.#segment = slice.segment
    this.#write('broadcast', slice.bytes)
  }

  #writeQueue(): void {
    const [first] = this.#queue
    const bytes = this.#queue.length === 1 ? first! : Buffer.concat(this.#queue, this.#queueBytes)
    // From here on they are the current write.
    this.#queue = []
    this.#queueBytes = 0
    this.#write('control', bytes)
  }

  #clearQueue(): void {
    if (this.#queueBytes > 0) this.#needs.queues.add(-this.#queueBytes)
    this.#queue = []
    this.#queueBytes = 0
  }

  /**
   * A callback costs a tenth of a write, and the kernel accepts most small writes at once: a
   * callback is used only if bytes are left. After a large write other clients come first.
   */
  #write(path: SendPath, bytes: Buffer): void {
    this.#underWay = path
    this.#underWayBytes = bytes.length
    this.#seenMs = undefined
    const socket = this.#socket
    if (this.#isLarge(bytes.length)) return void socket.write(bytes, this.#written)
    socket.write(bytes)
    if (socket.writableLength > 0) socket.write(nothing, this.#written)
    else this.#afterWrite(socket.errored)
  }

  #isLarge(bytes: number): boolean {
    return bytes > this.#needs.writeBytesMax / 2
  }

  #afterWrite(error: Error | null | undefined): void {
    if (this.#underWay === undefined) return
    const path = this.#underWay
    if (error) return this.#giveUp('send_failed')
    const wasLarge = this.#isLarge(this.#underWayBytes)
    this.#letGo()
    if (path === 'resume') this.#settleChunk()
    if (this.#wasCrowded && this.#queue.length === 0) {
      this.#wasCrowded = false
      this.#needs.onDrained()
    }
    if (wasLarge && this.#needs.slices.isOver) void this.#wakeLater()
    else this.wake()
  }

  async #wakeLater(): Promise<void> {
    if (this.#isQueued) return
    this.#isQueued = true
    await this.#needs.slices.next()
    this.#isQueued = false
    this.wake()
  }

  /** A write that fails after the client was closed is not counted. */
  #giveUp(failure: 'send_timeout' | 'send_failed'): void {
    if (this.#phase !== 'ended') {
      this.#needs.deadline.gaveUp(this.#underWay ?? 'control', failure)
      if (this.#phase === 'open') this.#reason = failure
    }
    this.#destroy()
  }

  /** Releases the bytes of the current write with the socket, at once. */
  #destroy(): void {
    this.#phase = 'ended'
    this.#socket.destroy()
    this.#clearQueue()
    this.#letGo()
  }

  #end(): void {
    this.#phase = 'ended'
    this.#seenMs = undefined
    this.#socket.end()
  }

  #takeChunk(bytes: Buffer): Promise<void> {
    return new Promise((settle) => {
      this.#chunk = { bytes, settle }
      this.wake()
    })
  }

  #settleChunk(): void {
    const settle = this.#chunk?.settle
    this.#chunk = undefined
    settle?.()
  }

  #letGo(): void {
    if (this.#underWay === 'control') this.#needs.queues.add(-this.#underWayBytes)
    this.#underWay = undefined
    this.#underWayBytes = 0
    if (this.#segment === undefined) return
    this.#needs.log.release(this.#segment)
    this.#segment = undefined
  }

  #afterClose(): void {
    this.#phase = 'closed'
    this.#clearQueue()
    this.#letGo()
    this.#settleChunk()
    this.#needs.onClosed(this.#reason)
  }
}

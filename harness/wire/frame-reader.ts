/**
 * Reads WebSocket frames (RFC 6455) from the chunks that a socket delivers. It exists
 * because the fleet must check more deliveries than a relay can send: a frame that is whole in its
 * chunk is passed on as a range of that chunk, without a copy and without an object. The
 * receiver of `ws` takes 12 times as long for records of 1 KiB with their cursors.
 *
 * Knows nothing of what the frames mean; see cursor-frame.ts for that.
 */
import { isUtf8 } from 'node:buffer'

/**
 * Receives what was read. Ranges are valid during the call only: the bytes are overwritten later.
 * The sink checks UTF-8, and can skip that where it compares bytes.
 */
export interface FrameSink {
  text(bytes: Buffer, start: number, end: number): void
  binary(bytes: Buffer, start: number, end: number): void
  ping(payload: Buffer): void
  pong(payload: Buffer): void
  /** A close frame; code 1005 where it carried none. Nothing follows. */
  close(code: number, reason: string): void
  /** The stream broke the protocol; `why` is a short kebab-case reason. Nothing follows. */
  broken(why: string): void
}

/** Room for the longest header of a server frame: two bytes and a 64-bit length. */
const headerBytesMax = 10
const controlPayloadBytesMax = 125
/** What is kept between frames; a buffer that one large frame grew past it is given back. */
const keptBytesMax = 64 * 1_024

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A buffer that grows by doubling to what was really received, never to what was announced. */
class Gathered {
  bytes = Buffer.alloc(0)
  length = 0

  add(from: Buffer, start: number, end: number): void {
    const needed = this.length + end - start
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, 4_096))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    from.copy(this.bytes, this.length, start, end)
    this.length = needed
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.alloc(0)
  }
}

/** One direction of one connection. */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #messageBytesMax: number
  /** The part of a frame that its chunk did not hold whole. */
  readonly #partial = new Gathered()
  /** Fragments of a message so far, and the opcode of the first; 0 when there is none. */
  readonly #message = new Gathered()
  #fragmented = 0
  #isOver = false

  /** @param messageBytesMax largest message, also when it comes in fragments */
  constructor(sink: FrameSink, messageBytesMax: number) {
    this.#sink = sink
    this.#messageBytesMax = messageBytesMax
  }

  /** Whether the stream stands inside a frame, so that its end now would cut one in two. */
  get isInsideFrame(): boolean {
    return this.#partial.length > 0 || this.#fragmented !== 0
  }

  /** Reads `chunk[0..length)`. Bytes after a close frame or a fault are ignored. */
  push(chunk: Buffer, length: number = chunk.length): void {
    let at = this.#partial.length > 0 ? this.#complete(chunk, length) : 0
    while (at < length && !this.#isOver) {
      const size = this.#sizeAt(chunk, at, length)
      if (size === 0 || at + size > length) {
        if (!this.#isOver) this.#partial.add(chunk, at, length)
        return
      }
      this.#frame(chunk, at, at + size)
      at += size
    }
  }

  /** Reads nothing more: the owner gave the connection up, perhaps in the middle of a chunk. */
  stop(): void {
    this.#isOver = true
  }

  /** Adds to the partial frame until it is whole and reads it; returns how far it got. */
  #complete(chunk: Buffer, length: number): number {
    const partial = this.#partial
    for (let at = 0; ; ) {
      const size = this.#sizeAt(partial.bytes, 0, partial.length)
      if (this.#isOver) return length
      if (size === partial.length) {
        this.#frame(partial.bytes, 0, size)
        partial.clear()
        return at
      }
      if (at === length) return length
      const goal = size === 0 ? headerGoal(partial.bytes, partial.length) : size
      const end = Math.min(at + goal - partial.length, length)
      partial.add(chunk, at, end)
      at = end
    }
  }

  /** Bytes of the frame at `at`, header included; 0 while its header is not whole, or faulty. */
  #sizeAt(bytes: Buffer, at: number, limit: number): number {
    if (limit - at < 2) return 0
    const first = bytes[at]!
    const second = bytes[at + 1]!
    const fault = headerFault(first, second, this.#fragmented !== 0)
    if (fault !== undefined) return this.#break(fault)
    if ((first & 0x0f) >= opcode.close) return 2 + second
    if (second < 126) return this.#bounded(2, second)
    if (second === 126) {
      if (limit - at < 4) return 0
      const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
      return length < 126 ? this.#break('length-not-minimal') : this.#bounded(4, length)
    }
    if (limit - at < headerBytesMax) return 0
    const length = bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
    return length < 65_536 ? this.#break('length-not-minimal') : this.#bounded(10, length)
  }

  #bounded(header: number, length: number): number {
    if (length + this.#message.length > this.#messageBytesMax) return this.#break('too-large')
    return header + length
  }

  /** Hands on the whole frame at `start..end`. Its header was found good by `#sizeAt`. */
  #frame(bytes: Buffer, start: number, end: number): void {
    const kind = bytes[start]! & 0x0f
    const isFinal = bytes[start]! >= 0x80
    const length = bytes[start + 1]!
    const from = start + (length < 126 ? 2 : length === 126 ? 4 : headerBytesMax)
    if (kind >= opcode.close) return this.#control(kind, bytes, from, end)
    if (isFinal && kind !== opcode.continuation) return this.#handOn(kind, bytes, from, end)
    this.#message.add(bytes, from, end)
    if (kind !== opcode.continuation) this.#fragmented = kind
    if (!isFinal) return
    const whole = this.#fragmented
    this.#fragmented = 0
    this.#handOn(whole, this.#message.bytes, 0, this.#message.length)
    this.#message.clear()
  }

  #handOn(kind: number, bytes: Buffer, from: number, end: number): void {
    if (kind === opcode.binary) this.#sink.binary(bytes, from, end)
    else this.#sink.text(bytes, from, end)
  }

  #control(kind: number, bytes: Buffer, from: number, end: number): void {
    const payload = Buffer.from(bytes.subarray(from, end))
    if (kind === opcode.ping) return this.#sink.ping(payload)
    if (kind === opcode.pong) return this.#sink.pong(payload)
    const fault = closeFault(payload)
    if (fault !== undefined) {
      this.#break(fault)
      return
    }
    this.#isOver = true
    const code = payload.length === 0 ? 1_005 : payload.readUInt16BE(0)
    this.#sink.close(code, payload.toString('utf8', 2))
  }

  #break(why: string): 0 {
    this.#isOver = true
    this.#partial.clear()
    this.#message.clear()
    this.#sink.broken(why)
    return 0
  }
}

/** How many bytes are needed before more of the frame's length can be read. */
function headerGoal(bytes: Buffer, length: number): number {
  if (length < 2) return 2
  return bytes[1] === 126 ? 4 : headerBytesMax
}

/** What is wrong with the first two bytes of a frame from a server, if anything. */
function headerFault(first: number, second: number, isFragmented: boolean): string | undefined {
  if ((first & 0x70) !== 0) return 'reserved-bit'
  if (second >= 0x80) return 'masked-by-server'
  const kind = first & 0x0f
  if (kind >= opcode.close) {
    if (kind > opcode.pong) return 'unknown-opcode'
    if (first < 0x80) return 'control-fragmented'
    return second > controlPayloadBytesMax ? 'control-too-large' : undefined
  }
  if (kind > opcode.binary) return 'unknown-opcode'
  if (kind === opcode.continuation) return isFragmented ? undefined : 'continuation-of-nothing'
  return isFragmented ? 'message-inside-message' : undefined
}

/** What is wrong with a close payload, if anything (RFC 6455, 5.5.1 and 7.4). */
function closeFault(payload: Buffer): string | undefined {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return 'close-code-cut'
  const code = payload.readUInt16BE(0)
  const isKnown = code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code)
  if (!isKnown && !(code >= 3_000 && code <= 4_999)) return 'close-code-invalid'
  return isUtf8(payload.subarray(2)) ? undefined : 'close-reason-not-utf8'
}

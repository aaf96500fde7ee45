/**
 * WebSockets: the library does the handshake and the receiving; all writing is ours
 * (stages/send.ts). The library never writes: it does not answer pings, and where it would send a
 * close frame it calls us instead. The only importer of the library.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { PartialFrames, PartialHolder } from '../limits/partial-frames.ts'

/** Largest accepted message; a larger one ends the connection before it is buffered. */
export const inboundBytesMax = 1_024 * 1_024
const fragmentsMax = 1_024
/** Reads that one frame may take: each buffered read costs far more than its bytes. */
const readsMax = 4_096

/** What a client sends. `onClose` or `onProtocolError` comes at most once; `onEnd` may follow. */
export interface Inbound {
  onText(text: string): void
  onPing(payload: Buffer): void
  /** A pong or a binary message, which has no answer. */
  onUnknownFrame(bytes: number): void
  /** The client's close frame. */
  onClose(): void
  /** It violated the protocol; the code is one of a close frame (1002, 1007, 1008, 1009). */
  onProtocolError(code: number): void
  /** It ended the connection, with or without a close frame before. */
  onEnd(): void
  /** It holds back more bytes of incomplete messages than any other client: reading stops. */
  onHeldBack(): void
}
/** The reading side of one client. */
export interface Reading {
  pause(): void
  resume(): void
}

/** Private fields of the library's receiver that hold incomplete messages; a test pins them. */
interface Receiver {
  /** Reads, the first possibly in part. */
  _buffers: Buffer[]
  _bufferedBytes: number
  /** The fragments of a message that comes in several frames. */
  _fragments: Buffer[]
  /** Bytes of reads that it has not processed completely. */
  readonly writableLength: number
  once(event: 'finish', listener: () => void): unknown
}
/** Undocumented fields of the library's socket. */
interface Inside {
  readonly _receiver?: Receiver
  readonly _closeFrameReceived: boolean
}
const inside = (client: WebSocket) => client as unknown as Inside
function receiverOf(client: WebSocket): Receiver | undefined {
  const { _receiver: receiver } = inside(client)
  return receiver
}

/** Memory of a read in addition to its bytes. */
const readBytes = 256

/** The first read is kept as a whole, even if only a part is left. */
function bytesKept({ _buffers: reads, _bufferedBytes: bytes }: Receiver): number {
  const [first] = reads
  if (first === undefined) return 0
  return bytes + first.buffer.byteLength - first.length + reads.length * readBytes
}

const reader = Symbol('reader')
type Read = Socket & { [reader]?: ReadingSocket }

// One of each listener for all clients: thousands are idle at a time.
const ignore = () => undefined
const onData = function (this: Read) {
  this[reader]?.measure()
}
const onEnd = function (this: Read) {
  this[reader]?.ended()
}
const onClose = function (this: Read) {
  this[reader]?.closed()
}

/**
 * Keeps the library from writing close frames by itself. It calls `close` for two reasons, and
 * emits an error right after it for one of them: the client violated the protocol.
 */
class ReadingSocket extends WebSocket implements PartialHolder {
  inbound: Inbound | undefined
  partialBytes = 0
  #partial: PartialFrames | undefined
  #socket: Socket | undefined
  #isDone = false
  #code = 1002
  /** The fragments of the message that is coming; how many were counted, and their bytes. */
  #message: readonly Buffer[] | undefined
  #fragments = 0
  #fragmentBytes = 0

  listen(inbound: Inbound, socket: Socket, partial: PartialFrames): void {
    this.inbound = inbound
    this.#partial = partial
    this.#socket = socket
    const read = socket as Read
    read[reader] = this
    socket.on('data', onData).on('end', onEnd).on('close', onClose)
  }

  /**
   * Counts the bytes that the library's receiver keeps. A read that it is processing counts twice
   * meanwhile.
   */
  measure(): void {
    const receiver = receiverOf(this)
    if (this.#isDone || receiver === undefined) return
    const waitingBytes = (this.#socket?.readableLength ?? 0) + receiver.writableLength
    this.#holds(waitingBytes + bytesKept(receiver) + this.#bytesOfFragments(receiver))
  }

  /** The client has ended its side. */
  ended(): void {
    this.#afterAll(() => {
      // The library does not report a close frame that it reads after the end.
      const { _closeFrameReceived: isLeaving } = inside(this)
      if (isLeaving) this.#finish((inbound) => inbound.onClose())
      this.inbound?.onEnd()
    })
  }

  closed(): void {
    if (this.#isDone) this.forget()
    else this.#afterAll(() => this.forget())
  }

  /** Runs `then` when all received bytes have been processed. */
  #afterAll(then: () => void): void {
    const receiver = receiverOf(this)
    if (receiver === undefined || receiver.writableLength === 0) then()
    else receiver.once('finish', then)
  }

  /** The socket still reads until its own buffer is full. */
  override pause(): void {
    super.pause()
    this.#partial?.isRead(this, false)
    this.measure()
  }

  override resume(): void {
    super.resume()
    this.#partial?.isRead(this, true)
    this.measure()
  }

  /** Discards further input, so that a last frame still reaches the client. */
  giveUp(): void {
    this.#socket?.removeAllListeners('data').on('data', ignore)
    this.forget()
    this.#finish((inbound) => inbound.onHeldBack())
  }

  /** Releases all partial messages. */
  forget(): void {
    this.#partial?.isRead(this, true)
    const receiver = receiverOf(this)
    const nothing: Partial<Receiver> = { _buffers: [], _bufferedBytes: 0, _fragments: [] }
    if (receiver !== undefined) Object.assign(receiver, nothing)
    this.#holds(0)
  }

  #holds(bytes: number): void {
    const before = this.partialBytes
    if (bytes === before) return
    this.partialBytes = bytes
    this.#partial?.changed(this, before)
  }

  /** Each piece is a view, which keeps the whole read that it came in. */
  #bytesOfFragments({ _fragments: fragments }: Receiver): number {
    if (fragments !== this.#message) this.#fragments = this.#fragmentBytes = 0
    this.#message = fragments
    for (; this.#fragments < fragments.length; this.#fragments += 1) {
      const { buffer } = fragments[this.#fragments]!
      if (fragments[this.#fragments - 1]?.buffer !== buffer)
        this.#fragmentBytes += buffer.byteLength
      this.#fragmentBytes += readBytes
    }
    return this.#fragmentBytes
  }

  /** Replaces listeners, which every client would have of its own. */
  override emit(event: string | symbol, ...[what, isBinary]: unknown[]): boolean {
    if (event === 'error') {
      this.forget()
      this.#finish((inbound) => inbound.onProtocolError(this.#code))
    } else if (event === 'message' && isBinary === false) this.inbound?.onText(String(what))
    else if (event === 'ping') this.inbound?.onPing(what as Buffer)
    else if (event === 'message' || event === 'pong') {
      this.inbound?.onUnknownFrame((what as Buffer).length)
    }
    // The receiver goes on only after this returns.
    if (this.partialBytes > 0) queueMicrotask(() => this.measure())
    return true
  }

  override close(code?: number): void {
    this.#code = code ?? this.#code
    queueMicrotask(() => this.#finish((inbound) => inbound.onClose()))
  }

  #finish(call: (inbound: Inbound) => void): void {
    if (this.#isDone || this.inbound === undefined) return
    this.#isDone = true
    call(this.inbound)
  }
}

export interface SocketServer {
  /**
   * Completes the handshake, or refuses it with an HTTP status. `accept` gets the reading side and
   * returns its handler.
   */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    accept: (reading: Reading) => Inbound,
  ): void
}

/** @param partial counts the incomplete messages of clients */
export function createSocketServer(partial: PartialFrames): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    // One read can bring 10,000 frames. Each turn of the event loop takes one of each client.
    allowSynchronousEvents: false,
    perMessageDeflate: false,
    maxPayload: inboundBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: readsMax,
    WebSocket: ReadingSocket,
  })
  return {
    upgrade(request, socket, head, accept) {
      server.handleUpgrade(request, socket, head, (client) => {
        client.listen(accept(client), socket, partial)
      })
    },
  }
}

/** Answers a refused upgrade, and closes the connection. */
export function refuseUpgrade(
  socket: Socket,
  status: number,
  says: string,
  retryAfter?: string,
): void {
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      (retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`) +
      `Content-Length: ${Buffer.byteLength(says)}\r\nConnection: close\r\n\r\n${says}`,
  )
  socket.destroySoon()
}

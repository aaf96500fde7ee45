/**
 * WebSockets: the handshake and the receiving side are the library's; the writing side is ours
 * alone (stages/send.ts). The library gets no chance to write: it answers no ping, and where it
 * would send a close frame it tells us instead. The only importer of it.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { PartialFrames, PartialHolder } from '../limits/partial-frames.ts'

/** Largest message that is taken; a larger one ends the connection before it is buffered. */
export const inboundBytesMax = 1_024 * 1_024
const fragmentsMax = 1_024
/** Reads that one frame may take: what waits for the rest costs far more than its bytes. */
const readsMax = 4_096

/** What a client sends. Of `closing` and `broke` one comes, once, or none; `fell` may follow. */
export interface Inbound {
  text(text: string): void
  ping(payload: Buffer): void
  /** A pong, or a binary message: nothing that has an answer. */
  otherwise(bytes: number): void
  /** The client's close frame. */
  closing(): void
  /** It broke the protocol; the code is of a close frame (1002, 1007, 1008, 1009). */
  broke(code: number): void
  /** It sends nothing any more, without having said good-bye. */
  fell(): void
  /** It holds back the end of a message, and of all that do so it holds most: it is not read on. */
  heldBack(): void
}
/** The reading side of one client. */
export interface Reading {
  pause(): void
  resume(): void
}

/** What the library's receiver keeps until a message is whole; a test holds it to that. */
interface Receiver {
  /** Reads, or what is left of the first of them. */
  _buffers: Buffer[]
  _bufferedBytes: number
  /** The pieces of a message that comes in several frames. */
  _fragments: Buffer[]
  /** Of reads that were given to it and are not gone through to their end. */
  readonly writableLength: number
  once(event: 'finish', listener: () => void): unknown
}
/** What of the library's socket is its own affair, and no documented part of it. */
interface Inside {
  readonly _receiver?: Receiver
  readonly _closeFrameReceived: boolean
}
const inside = (client: WebSocket) => client as unknown as Inside
function receiverOf(client: WebSocket): Receiver | undefined {
  const { _receiver: receiver } = inside(client)
  return receiver
}

/** What a read costs beside its bytes. */
const readBytes = 256

/** The first read is kept whole, whatever is left of it. */
function bytesKept({ _buffers: reads, _bufferedBytes: bytes }: Receiver): number {
  const [first] = reads
  if (first === undefined) return 0
  return bytes + first.buffer.byteLength - first.length + reads.length * readBytes
}

const reader = Symbol('reader')
type Read = Socket & { [reader]?: ReadingSocket }

// One of each for all clients: thousands are idle at a time.
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
 * Keeps the library from writing the close frames that it would send by itself. It calls `close`
 * for two reasons, and emits an error right after it for one of them: the client broke a rule.
 */
class ReadingSocket extends WebSocket implements PartialHolder {
  inbound: Inbound | undefined
  partialBytes = 0
  #partial: PartialFrames | undefined
  #socket: Socket | undefined
  #isDone = false
  #code = 1002
  /** The pieces of the message that is coming; how many were counted, and their bytes. */
  #message: readonly Buffer[] | undefined
  #pieces = 0
  #pieceBytes = 0

  listen(inbound: Inbound, socket: Socket, partial: PartialFrames): void {
    this.inbound = inbound
    this.#partial = partial
    this.#socket = socket
    const read = socket as Read
    read[reader] = this
    socket.on('data', onData).on('end', onEnd).on('close', onClose)
  }

  /**
   * Counts what the library's receiver keeps of what was read. A read that it is going through
   * counts twice for so long.
   */
  measure(): void {
    const receiver = receiverOf(this)
    if (this.#isDone || receiver === undefined) return
    const waitingBytes = (this.#socket?.readableLength ?? 0) + receiver.writableLength
    this.#holds(waitingBytes + bytesKept(receiver) + this.#bytesOfPieces(receiver))
  }

  /** No more will come. */
  ended(): void {
    this.#afterAll(() => {
      // The library does not tell of a close frame that it reads after the end.
      const { _closeFrameReceived: isLeaving } = inside(this)
      if (isLeaving) this.#finish((inbound) => inbound.closing())
      this.inbound?.fell()
    })
  }

  closed(): void {
    if (this.#isDone) this.forget()
    else this.#afterAll(() => this.forget())
  }

  /** When what came is gone through. */
  #afterAll(then: () => void): void {
    const receiver = receiverOf(this)
    if (receiver === undefined || receiver.writableLength === 0) then()
    else receiver.once('finish', then)
  }

  /** The socket goes on reading until its own buffer is full. */
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

  /** Reads on and keeps nothing of it, so that a last frame still reaches the client. */
  giveUp(): void {
    this.#socket?.removeAllListeners('data').on('data', ignore)
    this.forget()
    this.#finish((inbound) => inbound.heldBack())
  }

  /** Nothing of it is waited for any more. */
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
  #bytesOfPieces({ _fragments: pieces }: Receiver): number {
    if (pieces !== this.#message) this.#pieces = this.#pieceBytes = 0
    this.#message = pieces
    for (; this.#pieces < pieces.length; this.#pieces += 1) {
      const { buffer } = pieces[this.#pieces]!
      if (pieces[this.#pieces - 1]?.buffer !== buffer) this.#pieceBytes += buffer.byteLength
      this.#pieceBytes += readBytes
    }
    return this.#pieceBytes
  }

  /** In place of listeners, of which every client would have its own. */
  override emit(event: string | symbol, ...[what, isBinary]: unknown[]): boolean {
    if (event === 'error') {
      this.forget()
      this.#finish((inbound) => inbound.broke(this.#code))
    } else if (event === 'message' && isBinary === false) this.inbound?.text(String(what))
    else if (event === 'ping') this.inbound?.ping(what as Buffer)
    else if (event === 'message' || event === 'pong') {
      this.inbound?.otherwise((what as Buffer).length)
    }
    // Only once this returns does the receiver go on.
    if (this.partialBytes > 0) queueMicrotask(() => this.measure())
    return true
  }

  override close(code?: number): void {
    this.#code = code ?? this.#code
    queueMicrotask(() => this.#finish((inbound) => inbound.closing()))
  }

  #finish(tell: (inbound: Inbound) => void): void {
    if (this.#isDone || this.inbound === undefined) return
    this.#isDone = true
    tell(this.inbound)
  }
}

export interface SocketServer {
  /**
   * Completes the handshake, or refuses it with an HTTP status. `accept` gets the reading side and
   * returns who listens to it.
   */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    accept: (reading: Reading) => Inbound,
  ): void
}

/** @param partial told of what clients hold back */
export function createSocketServer(partial: PartialFrames): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    // One read brings ten thousand frames. Of each client one is taken in a turn of the loop.
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

/** Answers an upgrade that is not accepted, and ends the connection. */
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

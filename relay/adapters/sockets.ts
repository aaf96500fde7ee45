/**
 * WebSockets: the handshake and the receiving side are the library's; the writing side is ours
 * alone (stages/send.ts). The library gets no chance to write: it answers no ping, and where it
 * would send a close frame it tells us instead. The only importer of it.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

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
}
/** The reading side of one client. */
export interface Reading {
  pause(): void
  resume(): void
}

/**
 * Keeps the library from writing the close frames that it would send by itself. It calls `close`
 * for two reasons, and emits an error right after it for one of them: the client broke a rule.
 */
class ReadingSocket extends WebSocket {
  inbound: Inbound | undefined
  #isDone = false
  #code = 1002

  /** In place of listeners, of which every client would have its own. */
  override emit(event: string | symbol, ...[what, isBinary]: unknown[]): boolean {
    if (event === 'error') this.#finish((inbound) => inbound.broke(this.#code))
    else if (event === 'message' && isBinary === false) this.inbound?.text(String(what))
    else if (event === 'ping') this.inbound?.ping(what as Buffer)
    else if (event === 'message' || event === 'pong') {
      this.inbound?.otherwise((what as Buffer).length)
    }
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

export function createSocketServer(): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: inboundBytesMax,
    maxFragments: fragmentsMax,
    maxBufferedChunks: readsMax,
    WebSocket: ReadingSocket,
  })
  return {
    upgrade(request, socket, head, accept) {
      server.handleUpgrade(request, socket, head, (client) => {
        listen(client, socket, accept(client))
      })
    },
  }
}

function listen(client: ReadingSocket, socket: Socket, inbound: Inbound): void {
  client.inbound = inbound
  socket.on('end', () => inbound.fell())
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

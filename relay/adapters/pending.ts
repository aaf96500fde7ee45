/**
 * Connections that are not (yet) a WebSocket and so have no slot. When there are too many, the
 * oldest is closed: an honest peer is done soon, so peers that only hold connections cannot keep
 * others out.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export class PendingConnections {
  readonly #countMax: () => number
  readonly #onEnded: () => void
  readonly #open = new Set<Socket>()
  /** Those in the TLS handshake, by peer address, which is the same before and after it. */
  readonly #inHandshake = new Map<string, Socket>()

  constructor(countMax: () => number, onEnded: () => void) {
    this.#countMax = countMax
    this.#onEnded = onEnded
  }

  follow(server: Server): void {
    server.on('connection', (socket) => this.#add(socket))
  }

  /** Like `follow`, for a server whose connections begin with a TLS handshake. */
  followSecured(server: Server): void {
    server.on('connection', (socket) => this.#addInHandshake(socket))
    server.on('secureConnection', (socket: Socket) => {
      this.#inHandshake.delete(peerOf(socket))
      this.#add(socket)
    })
  }

  /** The connection is counted as a client from now on. */
  upgraded(socket: Socket): void {
    this.#open.delete(socket)
  }

  #add(socket: Socket): void {
    this.#open.add(socket.on('close', this.#forget))
    this.#bound()
  }

  #addInHandshake(socket: Socket): void {
    const peer = peerOf(socket)
    this.#inHandshake.set(peer, socket)
    socket.once('close', () => {
      if (this.#inHandshake.get(peer) === socket) this.#inHandshake.delete(peer)
    })
    this.#bound()
  }

  /** One listener for all sockets. */
  readonly #forget = ((open) =>
    function (this: Socket) {
      open.delete(this)
    })(this.#open)

  #bound(): void {
    if (this.#open.size + this.#inHandshake.size <= this.#countMax()) return
    const [peer, inHandshake] = this.#inHandshake.entries().next().value ?? []
    const oldest = inHandshake ?? this.#open.values().next().value
    this.#onEnded()
    oldest?.destroy()
    if (peer !== undefined) this.#inHandshake.delete(peer)
    else if (oldest !== undefined) this.#open.delete(oldest)
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

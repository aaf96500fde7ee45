/**
 * Connections that nobody else counts, because they are no WebSocket yet. It is the oldest that
 * goes when they are too many: whoever is in earnest is done soon, so peers that only hold
 * connections keep nobody out.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export class PendingConnections {
  readonly #countMax: () => number
  readonly #onEnded: () => void
  readonly #open = new Set<Socket>()
  /** Those that have not agreed on TLS, by their peer: it is the same before and after. */
  readonly #unsecured = new Map<string, Socket>()

  constructor(countMax: () => number, onEnded: () => void) {
    this.#countMax = countMax
    this.#onEnded = onEnded
  }

  follow(server: Server): void {
    server.on('connection', (socket) => this.#add(socket))
  }

  /** As `follow`, of a server whose connections begin with a handshake of TLS. */
  followSecured(server: Server): void {
    server.on('connection', (socket) => this.#addUnsecured(socket))
    server.on('secureConnection', (socket: Socket) => {
      this.#unsecured.delete(peerOf(socket))
      this.#add(socket)
    })
  }

  /** It is counted elsewhere from now on. */
  upgraded(socket: Socket): void {
    this.#open.delete(socket)
  }

  #add(socket: Socket): void {
    this.#open.add(socket.on('close', this.#forget))
    this.#bound()
  }

  #addUnsecured(socket: Socket): void {
    const peer = peerOf(socket)
    this.#unsecured.set(peer, socket)
    socket.once('close', () => {
      if (this.#unsecured.get(peer) === socket) this.#unsecured.delete(peer)
    })
    this.#bound()
  }

  /** One for all sockets. */
  readonly #forget = ((open) =>
    function (this: Socket) {
      open.delete(this)
    })(this.#open)

  #bound(): void {
    if (this.#open.size + this.#unsecured.size <= this.#countMax()) return
    const [peer, unsecured] = this.#unsecured.entries().next().value ?? []
    const oldest = unsecured ?? this.#open.values().next().value
    this.#onEnded()
    oldest?.destroy()
    if (peer !== undefined) this.#unsecured.delete(peer)
    else if (oldest !== undefined) this.#open.delete(oldest)
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

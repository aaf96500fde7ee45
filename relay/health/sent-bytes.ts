/** Bytes that were handed to clients' sockets: asked of the sockets at the scrape, not counted. */
import type { Socket } from 'node:net'

export class SentBytes {
  readonly #open = new Set<Socket>()
  #gone = 0

  /** Counts what this socket is given, for as long as it is open and after. */
  follow(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#gone += socket.bytesWritten
    })
  }

  get total(): number {
    return Array.from(this.#open).reduce((sum, socket) => sum + socket.bytesWritten, this.#gone)
  }
}

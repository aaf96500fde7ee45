/** Bytes that were handed to clients' sockets: read from the sockets at the scrape. */
import type { Socket } from 'node:net'

export class SentBytes {
  readonly #open = new Set<Socket>()
  #gone = 0

  /** Counts the bytes of this socket, until it is closed and after. */
  opened(socket: Socket): void {
    this.#open.add(socket)
  }

  closed(socket: Socket): void {
    if (this.#open.delete(socket)) this.#gone += socket.bytesWritten
  }

  get total(): number {
    let bytes = this.#gone
    for (const { bytesWritten } of this.#open) bytes += bytesWritten
    return bytes
  }
}

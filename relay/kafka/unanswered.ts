/**
 * Counts the unanswered requests of a connection, from the bytes on its socket: a broker closes
 * idle connections (connections.max.idle.ms), which is normal; closing one with a request in flight
 * is an error.
 */
import type { Socket } from 'node:net'

const sizeBytes = 4

export class Unanswered {
  #asked = 0
  #answered = 0
  /** Bytes that are still missing of the current answer. */
  #left = 0
  #size = 0
  #sizeBytesRead = 0

  /** The library writes each request with one call. */
  constructor(socket: Socket) {
    const write = socket.write.bind(socket)
    socket.write = (...request: unknown[]) => {
      this.#asked += 1
      return (write as (...given: unknown[]) => boolean)(...request)
    }
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  /** Whether the connection was used, and no answer is expected. */
  get isIdle(): boolean {
    return this.#answered > 0 && this.#answered >= this.#asked
  }

  #read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const some = Math.min(this.#left, bytes.length - at)
        this.#left -= some
        at += some
        if (this.#left === 0) this.#answered += 1
        continue
      }
      this.#size = this.#size * 256 + bytes[at]!
      at += 1
      this.#sizeBytesRead += 1
      if (this.#sizeBytesRead === sizeBytes) this.#begin()
    }
  }

  /** An empty answer is complete at once. */
  #begin(): void {
    this.#left = this.#size
    this.#size = 0
    this.#sizeBytesRead = 0
    if (this.#left === 0) this.#answered += 1
  }
}

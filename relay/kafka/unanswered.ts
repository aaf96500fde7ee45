/**
 * Requests of a connection that have no answer yet, as what passes over its socket tells: a broker
 * closes connections that nobody has used for long (connections.max.idle.ms), and that is no
 * trouble; one that closes while it is asked something is.
 */
import type { Socket } from 'node:net'

const sizeBytes = 4

export class Unanswered {
  #asked = 0
  #answered = 0
  /** Bytes that are still to come of the answer that has begun. */
  #left = 0
  #size = 0
  #sizeBytesRead = 0

  /** The library hands a request to its socket in one piece. */
  constructor(socket: Socket) {
    const write = socket.write.bind(socket)
    socket.write = (...request: unknown[]) => {
      this.#asked += 1
      return (write as (...given: unknown[]) => boolean)(...request)
    }
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
  }

  /** Whether the connection was of use and nobody waits for anything from it. */
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

  /** An answer of nothing has come at once. */
  #begin(): void {
    this.#left = this.#size
    this.#size = 0
    this.#sizeBytesRead = 0
    if (this.#left === 0) this.#answered += 1
  }
}

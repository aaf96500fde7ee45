/**
 * Which requests become a WebSocket. All others are answered as plain HTTP: a server may always
 * ignore an `Upgrade` header.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answer.ts'

/** Versions of the protocol that the library supports; refusals name the first. */
const versions = ['13', '8']

export class Upgrades {
  readonly #path: string
  /** Unfinished answers by socket: what they still write would mix with the frames. */
  readonly #due = new WeakMap<Socket, number>()

  /** @param path the only one that is upgraded */
  constructor(path: string) {
    this.#path = path
  }

  /** Counts answers from now on. */
  follow(server: Server): void {
    server.on('request', ({ socket }, response) => {
      this.#due.set(socket, this.#dueOf(socket) + 1)
      response.once('close', () => this.#due.set(socket, this.#dueOf(socket) - 1))
    })
  }

  isOne(request: IncomingMessage): boolean {
    return this.#asks(request) && this.#dueOf(request.socket) === 0
  }

  /** The answer to a request at the same path that is not, or must not be, an upgrade. */
  answer(request: IncomingMessage): Answer {
    if (this.#asks(request)) {
      const error = 'Wait for the answers to earlier requests before asking for an upgrade'
      return { code: 400, body: { error }, headers: { connection: 'close' } }
    }
    const headers = { upgrade: 'websocket', connection: 'close, Upgrade' }
    return {
      code: 426,
      body: { error: 'This path speaks WebSocket, version 13, over HTTP/1.1' },
      headers: { ...headers, 'sec-websocket-version': versions[0]! },
    }
  }

  /** HTTP/1.0 has no upgrades: the header is ignored there. */
  #asks({ headers, httpVersionMinor, method, url }: IncomingMessage): boolean {
    const isPath = (url ?? '').split('?', 1)[0] === this.#path
    if (!isPath || method !== 'GET' || httpVersionMinor === 0) return false
    const protocols = (headers.upgrade ?? '').toLowerCase().split(',')
    const version = headers['sec-websocket-version']
    const isKnown = version === undefined || versions.includes(version)
    return isKnown && protocols.some((one) => one.trim() === 'websocket')
  }

  #dueOf(socket: Socket): number {
    return this.#due.get(socket) ?? 0
  }
}

/**
 * Which requests become a WebSocket. All others are answered as if nothing but HTTP had been asked
 * for: a server may always decline to change the protocol, and what is no upgrade to it is none.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answer.ts'

/** Versions of the protocol that the library speaks; the first is told. */
const versions = ['13', '8']

export class Upgrades {
  readonly #path: string
  /** Answers that are not done, by socket: what they still write would run into the frames. */
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

  /** For whoever asks at the same path for something else, or cannot have it. */
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

  /** HTTP/1.0 knows no upgrades, and says so: the header is to be ignored there. */
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

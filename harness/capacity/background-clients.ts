/**
 * Clients that are no part of what is counted: one that reads nothing, or some that ask for one
 * replay after another. Each is followed by the next for as long as it is wanted.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { systemClock } from '../../relay/world/clock.ts'
import { maskedFrame, textFrame } from '../wire/frame-writer.ts'

export type BackgroundClientKind = 'resumes' | 'stalled client'

const counts: Readonly<Record<BackgroundClientKind, number>> = { resumes: 2, 'stalled client': 1 }
const resume = JSON.stringify({ type: 'resume', mode: 'partition', from: 'earliest' })
const mask = Buffer.from([1, 2, 3, 4])
const completion = 'replay_complete'

export class BackgroundClients {
  readonly #sockets = new Set<Socket>()
  #what: BackgroundClientKind | undefined
  /** Replays that were complete, or stalled clients that the relay closed. */
  turns = 0

  /** Begins with these, or ends all. */
  be(what: BackgroundClientKind | undefined, port: number): void {
    this.#what = what
    for (const socket of this.#sockets) socket.destroy()
    if (what === undefined) return
    for (let i = 0; i < counts[what]; i += 1) this.#open(what, port)
  }

  #open(what: BackgroundClientKind, port: number): void {
    const socket = connect({ host: '127.0.0.1', port })
    this.#sockets.add(socket)
    socket.write(upgradeRequest(port))
    socket.on('error', () => undefined)
    socket.once('data', (first) => {
      upgradeEnd(first)
      if (what === 'resumes') return this.#askAndRead(socket)
      socket.pause()
      this.#noticeEnd(socket)
    })
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#what === what) this.#open(what, port)
    })
  }

  #askAndRead(socket: Socket): void {
    socket.write(textFrame(resume, mask))
    let tail = ''
    socket.on('data', (chunk) => {
      const head = tail + chunk.toString('latin1', 0, completion.length)
      if (chunk.includes(completion) || head.includes(completion)) {
        this.turns += 1
        socket.destroy()
      }
      tail = chunk.toString('latin1', Math.max(0, chunk.length - completion.length))
    })
  }

  /** A socket that is not read from learns of its end by writing only. */
  #noticeEnd(socket: Socket): void {
    const pong = maskedFrame('pong', Buffer.alloc(0), mask)
    const probe = systemClock.every(100, () => socket.write(pong))
    socket.once('close', (hadError) => {
      probe.cancel()
      if (hadError) this.turns += 1
    })
  }
}

/** What a client says first. */
export function upgradeRequest(port: number): string {
  const key = randomBytes(16).toString('base64')
  return (
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
    `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  )
}

/**
 * Where the answer to it ends in what came first.
 *
 * @throws Error when the relay said no
 */
export function upgradeEnd(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n')
  const status = bytes.toString('latin1', 9, 12)
  if (end === -1 || status !== '101') throw new Error(`the relay answered ${status}`)
  return end + 4
}

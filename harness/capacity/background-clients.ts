/**
 * Clients that are no part of what is counted: one that reads nothing, or some that ask for one
 * replay after another. Each is followed by the next for as long as it is wanted.
 */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../relay/world/clock.ts'
import { openConnection, type Connection } from '../wire/connection.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { maskedFrame, textFrame } from '../wire/frame-writer.ts'
import { handshake, type Handshake } from '../wire/handshake.ts'

export type BackgroundClientKind = 'resumes' | 'stalled client'

const counts: Readonly<Record<BackgroundClientKind, number>> = { resumes: 2, 'stalled client': 1 }
const resume = JSON.stringify({ type: 'resume', mode: 'partition', from: 'earliest' })
const mask = Buffer.from([1, 2, 3, 4])
const completion = 'replay_complete'
/** A stalled client writes so often, to learn that it was closed. */
const probeEveryMs = 100

/** Longest time until a connection is a WebSocket. */
export const openLimitMs = 30_000
/** Above the largest record of a load. */
export const messageBytesMax = 64 * 1_024 * 1_024
/** One buffer for all connections of the process: nothing is kept of what is read. */
export const shared = Buffer.allocUnsafe(64 * 1_024)

/** What a client says first. */
export const helloTo = (port: number): Handshake =>
  handshake(`ws://127.0.0.1:${port}/ws`, randomBytes(16))

export class BackgroundClients {
  readonly #connections = new Set<Connection>()
  #what: BackgroundClientKind | undefined
  /** Replays that were complete, or stalled clients that the relay closed. */
  turns = 0

  /** Begins with these, or ends all. */
  be(what: BackgroundClientKind | undefined, port: number): void {
    this.#what = what
    for (const connection of this.#connections) connection.reset()
    if (what === undefined) return
    for (let i = 0; i < counts[what]; i += 1) this.#open(what, port)
  }

  #open(what: BackgroundClientKind, port: number): void {
    const pong = maskedFrame('pong', Buffer.alloc(0), mask)
    const probe = systemClock.every(probeEveryMs, () => {
      // A socket that is not read from learns of its end by writing only.
      if (what === 'stalled client' && isOpen) connection.write(pong)
    })
    let isOpen = false
    const over = () => {
      probe.cancel()
      this.#connections.delete(connection)
      if (this.#what === what) this.#open(what, port)
    }
    const reader = this.#readerOf(() => connection.end())
    const connection: Connection = openConnection(systemClock, helloTo(port), openLimitMs, shared, {
      opened() {
        isOpen = true
        if (what === 'resumes') connection.write(textFrame(resume, mask))
        else connection.pause()
      },
      refused(status, why) {
        if (status !== 0) throw new Error(`the relay answered ${status}: ${why}`)
        over()
      },
      chunk: (bytes, start, end) => reader.push(bytes.subarray(start, end)),
      ended: (error) => {
        if (what === 'stalled client' && error !== undefined) this.turns += 1
        over()
      },
    })
    this.#connections.add(connection)
  }

  /** Reads until a replay is complete, and ends there. */
  #readerOf(end: () => void): FrameReader {
    const nothing = () => undefined
    const reader = new FrameReader(
      {
        text: (bytes, start, to) => {
          if (!bytes.subarray(start, to).includes(completion)) return
          this.turns += 1
          reader.stop()
          end()
        },
        binary: nothing,
        ping: nothing,
        pong: nothing,
        close: nothing,
        broken: end,
      },
      messageBytesMax,
    )
    return reader
  }
}

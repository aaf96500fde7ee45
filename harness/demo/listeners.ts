/**
 * The clients of a demo: each reads everything, counts it, answers pings, and comes back when its
 * connection ends. What they get is not checked; scenarios do that.
 */
import { randomBytes } from 'node:crypto'
import { Backoff } from '../../relay/world/backoff.ts'
import type { Clock, Timer } from '../../relay/world/clock.ts'
import { openConnection, type Connection } from '../wire/connection.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { maskedFrame } from '../wire/frame-writer.ts'
import { handshake } from '../wire/handshake.ts'

export interface ListenerOptions {
  /** host:port of the relay. */
  readonly relay: string
  readonly clients: number
}

/** Totals since the start, and how many are connected now. */
export interface ListenerCounts {
  open: number
  records: number
  /** Connections that ended, other than by us. */
  ended: number
  /** Why the last one ended or was refused; undefined while all are open. */
  trouble: string | undefined
}

const openLimitMs = 10_000
const messageBytesMax = 16 * 1_024 * 1_024
const readBytes = 64 * 1_024
const mask = Buffer.from([1, 2, 3, 4])
const comeback = { firstMs: 500, mostMs: 5_000 }
const nonceBytes = 16

/** Connects all clients; the returned function ends them. */
export function listen(
  clock: Clock,
  { relay, clients }: ListenerOptions,
  counts: ListenerCounts,
): () => void {
  const buffer = Buffer.alloc(readBytes)
  const all = Array.from({ length: clients }, () => openListener(clock, relay, counts, buffer))
  return () => {
    for (const end of all) end()
  }
}

function openListener(
  clock: Clock,
  relay: string,
  counts: ListenerCounts,
  buffer: Buffer,
): () => void {
  const backoff = new Backoff(comeback)
  let connection: Connection | undefined
  let again: Timer | undefined
  let isOver = false
  const comeBack = (why: string) => {
    if (isOver) return
    counts.trouble = why
    again = clock.after(backoff.failed(), connect)
  }
  const connect = () => {
    const reader = new FrameReader(
      {
        text: () => undefined,
        binary: () => (counts.records += 1),
        ping: (payload) => void connection?.write(maskedFrame('pong', payload, mask)),
        pong: () => undefined,
        close: () => connection?.end(),
        broken: () => connection?.reset(),
      },
      messageBytesMax,
    )
    const hello = handshake(`ws://${relay}/ws`, randomBytes(nonceBytes))
    connection = openConnection(clock, hello, openLimitMs, buffer, {
      opened() {
        backoff.succeeded()
        counts.open += 1
        counts.trouble = undefined
      },
      refused: (status, why) => comeBack(status > 0 ? `HTTP ${status}: ${why}` : why),
      chunk: (bytes, start, end) => reader.push(bytes.subarray(start, end)),
      ended(error) {
        counts.open -= 1
        if (!isOver) counts.ended += 1
        comeBack(error ?? 'the relay ended the connection')
      },
    })
  }
  connect()
  return () => {
    isOver = true
    again?.cancel()
    connection?.end()
  }
}

/** Connections of hostile clients: they send what they are given and wait for an answer. */
import { connect } from 'node:net'
import { openConnection } from '../wire/connection.ts'
import { maskedFrame } from '../wire/frame-writer.ts'
import { handshake } from '../wire/handshake.ts'
import type { Clock } from '../../relay/world/clock.ts'

const question = Buffer.from('are you there')
const ping = maskedFrame('ping', question, Buffer.alloc(4, 7))
const openLimitMs = 10_000
/** After bytes that may have swallowed the question, no longer is waited for its answer. */
const riskMs = 100
const shared = Buffer.allocUnsafe(64 * 1_024)

/** Where to, and for how long an answer is waited for. */
export interface Reach {
  readonly clock: Clock
  readonly address: string
  readonly limitMs: number
}

/**
 * Sends frames on a connection of its own and reads all that comes, until a ping behind them is
 * answered or the relay ends it; for how long it takes a sender of too much is the relay's affair.
 */
export async function sendFrames(
  { clock, address, limitMs }: Reach,
  bytes: Buffer,
  isRisky: boolean,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  let tail = Buffer.alloc(0)
  const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 9))
  const line = openConnection(clock, hello, openLimitMs, shared, {
    opened: () => line.write(Buffer.concat([bytes, ping])),
    // Too many at once may be.
    refused: () => over.resolve(),
    chunk: (chunk, start, end) => {
      tail = Buffer.concat([tail, chunk.subarray(start, end)])
      if (tail.includes(question)) over.resolve()
      tail = tail.subarray(Math.max(0, tail.length - question.length + 1))
    },
    ended: () => over.resolve(),
  })
  const late = clock.after(isRisky ? riskMs : limitMs, () => over.resolve())
  await over.promise
  late.cancel()
  line.end()
}

/** Sends bytes that need not be HTTP; settles when the relay ends it or has answered, or soon. */
export function sendWire({ clock, address }: Reach, bytes: Buffer, waitMs: number): Promise<void> {
  const over = Promise.withResolvers<void>()
  const at = address.lastIndexOf(':')
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) })
  const late = clock.after(waitMs, () => over.resolve())
  socket.on('connect', () => socket.write(bytes))
  socket.on('data', () => over.resolve())
  socket.on('error', () => over.resolve())
  socket.on('close', () => over.resolve())
  return over.promise.finally(() => {
    late.cancel()
    socket.destroy()
  })
}

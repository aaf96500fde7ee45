/**
 * One TCP connection that becomes a WebSocket: handshake, raw chunks, end. Sockets read into a
 * shared buffer, so 1,000 clients need no read buffers, and a paused socket takes nothing from the
 * kernel.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import type { Clock } from '../../relay/world/clock.ts'
import { readAnswer, type Handshake } from './handshake.ts'

/** What happens to a connection: either `refused`, or `opened`, chunks and one `ended`. */
export interface ConnectionSink {
  opened(): void
  /** No WebSocket came of it. Status 0: no HTTP answer; `why` names the reason. */
  refused(status: number, why: string): void
  /** `bytes[start..end)` was read; valid during the call only. */
  chunk(bytes: Buffer, start: number, end: number): void
  /** The socket is gone. `error` is the system's code, such as ECONNRESET; undefined for a FIN. */
  ended(error: string | undefined): void
}

export interface Connection {
  /** Writes, or buffers what the kernel does not take; `false` once the socket is gone. */
  write(bytes: Buffer): boolean
  /** Stops taking bytes from the kernel at once. */
  pause(): void
  resume(): void
  /** Ends it: with a FIN after what is written, soon enough, or with a RST. */
  end(): void
  reset(): void
  /** Bytes written that the kernel has not taken yet. */
  readonly unsentBytes: number
  readonly bytesRead: number
  readonly localPort: number
}

/** How long the last words of a connection may take. */
const endLimitMs = 2_000

/**
 * Connects and does the handshake; the outcome goes to `sink`, at the latest after `limitMs`.
 *
 * @param buffer where the socket's bytes are read into; may be shared by sockets of one process
 */
export function openConnection(
  clock: Clock,
  hello: Handshake,
  limitMs: number,
  buffer: Buffer,
  sink: ConnectionSink,
): Connection {
  let state: 'opening' | 'open' | 'over' = 'opening'
  let failure: string | undefined
  let head = Buffer.alloc(0)

  const refuse = (status: number, why: string) => {
    state = 'over'
    late.cancel()
    sink.refused(status, why)
    socket.destroy()
  }
  const shakeHands = (bytes: Buffer) => {
    head = Buffer.concat([head, bytes])
    const answer = readAnswer(head, hello.accept)
    if (answer.is === 'partial') return
    if (answer.is === 'refused') return refuse(answer.status, answer.why)
    const first = head
    head = Buffer.alloc(0)
    state = 'open'
    late.cancel()
    sink.opened()
    if (answer.rest < first.length) sink.chunk(first, answer.rest, first.length)
  }
  const read = (count: number) => {
    if (state === 'open') sink.chunk(buffer, 0, count)
    else if (state === 'opening') shakeHands(buffer.subarray(0, count))
    return true
  }
  const socket: Socket = connectTcp({
    host: hello.host,
    port: hello.port,
    noDelay: true,
    onread: { buffer, callback: read },
  })
  const late = clock.after(limitMs, () => {
    if (state === 'opening') refuse(0, `no answer within ${limitMs} ms`)
  })
  socket.on('connect', () => socket.write(hello.request))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message
  })
  socket.on('close', () => {
    if (state === 'opening') refuse(0, failure ?? 'closed without an answer')
    else if (state === 'open') {
      state = 'over'
      sink.ended(failure)
    }
  })
  return controls(clock, socket)
}

/** When a handshake is broken off: with half of its request, all of it, or its answer. */
export const abortStages = ['half-request', 'request', 'answered'] as const
export type AbortStage = (typeof abortStages)[number]

/**
 * Begins a handshake and resets the connection in the middle; settles when it is closed.
 *
 * @returns how far it came: nobody there is undefined, no answer to the request is `request`
 */
export function abortHandshake(
  clock: Clock,
  hello: Handshake,
  stage: AbortStage,
  limitMs: number,
): Promise<AbortStage | undefined> {
  const { host, port, request, accept } = hello
  const first = stage === 'half-request' ? request.slice(0, request.length / 2) : request
  return new Promise((resolve) => {
    let reached: AbortStage | undefined
    let head = Buffer.alloc(0)
    const socket = connectTcp({ host, port, noDelay: true })
    const late = clock.after(limitMs, () => socket.resetAndDestroy())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      late.cancel()
      resolve(reached)
    })
    socket.on('connect', () =>
      socket.write(first, () => {
        reached = stage === 'answered' ? 'request' : stage
        if (stage !== 'answered') socket.resetAndDestroy()
      }),
    )
    socket.on('data', (bytes: Buffer) => {
      head = Buffer.concat([head, bytes])
      const answer = readAnswer(head, accept)
      if (answer.is === 'partial') return
      if (answer.is === 'open') reached = 'answered'
      socket.resetAndDestroy()
    })
  })
}

function controls(clock: Clock, socket: Socket): Connection {
  return {
    write: (bytes) => !socket.destroyed && (socket.write(bytes), true),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end() {
      socket.destroySoon()
      clock.after(endLimitMs, () => socket.destroy(), true)
    },
    reset: () => void (socket.connecting ? socket.destroy() : socket.resetAndDestroy()),
    get unsentBytes() {
      return socket.writableLength
    },
    get bytesRead() {
      return socket.bytesRead
    },
    get localPort() {
      return socket.localPort ?? 0
    },
  }
}

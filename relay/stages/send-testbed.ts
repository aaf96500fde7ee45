/** An outlet on a socket whose other end the test is: it takes bytes when the test says so. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { ByteLog } from '../log/byte-log.ts'
import { jsonFrame } from '../log/frames.ts'
import type { Outlet } from './seam.ts'
import type { SendPath } from '../tables/send-paths.ts'
import type { MissedRange } from '../log/record.ts'
import { openOutlet } from './send.ts'

type Written = (error?: Error | null) => void

/** Holds every write until the test lets it through. */
export class HeldSocket extends EventEmitter {
  readonly writes: Buffer[] = []
  isEnded = false
  isDestroyed = false
  /** Whether the kernel takes what is written at once. */
  isTaking = false
  errored: Error | null = null
  #isHolding = false
  #written: Written | undefined

  get writableLength(): number {
    return this.#isHolding ? 1 : 0
  }
  /** An empty write only requests a callback after the one before it. */
  write(bytes: Buffer, written?: Written): boolean {
    if (this.#written !== undefined) throw new Error('two writes are under way')
    if (bytes.length > 0) this.writes.push(bytes)
    this.#isHolding ||= !this.isTaking
    this.#written = written
    return false
  }
  /** The peer has taken what was written. */
  accept(error?: Error): void {
    const written = this.#written
    this.#written = undefined
    this.#isHolding = false
    written?.(error ?? null)
  }
  get isWaiting(): boolean {
    return this.#written !== undefined
  }
  resume(): void {}
  end(): void {
    this.isEnded = true
  }
  destroy(): void {
    this.isDestroyed = true
  }
}

export const limits: Readonly<Record<SendPath, number>> = {
  broadcast: 2_000,
  control: 1_000,
  resume: 3_000,
}

/** A slice that never ends. */
const endless = { isOver: false, next: () => Promise.resolve() }

export function bench(bounds = { bytesMax: 1 << 20, recordsMax: 1_000 }, slices = endless) {
  const socket = new HeldSocket()
  const log = new ByteLog(bounds)
  const gaveUp: string[] = []
  const closed: string[] = []
  const lapped: (readonly MissedRange[])[] = []
  let drained = 0
  let accounted = 0
  const outlet: Outlet = openOutlet({
    socket: socket as unknown as Socket,
    log,
    deadline: {
      limitMs: (path) => limits[path],
      gaveUp: (path, failure) => gaveUp.push(`${path} ${failure}`),
      effective: {},
    },
    writeBytesMax: 4_096,
    controlBytesMax: 200,
    queues: { add: (bytes) => (accounted += bytes) },
    slices,
    onLapped: (missed) => {
      lapped.push(missed)
      outlet.control(pong)
    },
    onDrained: () => (drained += 1),
    onClosed: (reason) => closed.push(reason),
  })
  let next = 0n
  const append = (size = 10) => {
    log.append(0, next, Buffer.alloc(size, 1))
    next += 1n
  }
  const counts = { drained: () => drained, accounted: () => accounted }
  return { append, closed, gaveUp, lapped, log, outlet, socket, ...counts }
}
export const pong = jsonFrame({ type: 'pong' })

/**
 * The WebSocket client of the stack tests: one connection that pairs each cursor with its record.
 * It keeps everything it gets, unless a listener replaces that.
 */
import { systemClock as clock } from '../../relay/world/clock.ts'
import { openConnection, type Connection } from './connection.ts'
import { FrameReader } from './frame-reader.ts'
import { maskedFrame, textFrame } from './frame-writer.ts'
import { handshake } from './handshake.ts'

export interface Delivery {
  readonly partition: number
  readonly offset: bigint
  readonly value: Buffer
}
export type Frame = Readonly<Record<string, unknown>>

/** Told of everything that comes, in the order in which it comes. */
export interface Listener {
  record(delivery: Delivery): void
  /** Any text but a cursor. */
  frame(frame: Frame): void
  /** The relay broke the protocol. */
  broken(found: string): void
  /** The connection is gone, or never was; `code` is that of the close frame, if there was one. */
  ended(code: number | undefined): void
}

const limitMs = 10_000
const messageBytesMax = 64 * 1_024 * 1_024
const mask = Buffer.from([1, 2, 3, 4])
/** What is read is copied before another one reads. */
const shared = Buffer.allocUnsafe(64 * 1_024)

/** Reads only while it is told to, answers no pings, and asks what it is told to ask. */
export class Client {
  /** What it has got; both stay empty if somebody listens. */
  readonly deliveries: Delivery[] = []
  readonly frames: Frame[] = []
  isOpen = false
  isEnded = false
  closeCode: number | undefined
  /** HTTP status that it was refused with. */
  refusedWith: number | undefined
  readonly #listener: Listener
  readonly #connection: Connection
  readonly #opened = Promise.withResolvers<boolean>()
  readonly #over = Promise.withResolvers<void>()
  #cursor: { readonly partition: number; readonly offset: bigint } | undefined

  constructor(address: string, listener?: Listener) {
    this.#listener = listener ?? this.#memory()
    const reader = this.#reader()
    const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 7))
    this.#connection = openConnection(clock, hello, limitMs, shared, {
      opened: () => {
        this.isOpen = true
        this.#opened.resolve(true)
      },
      refused: (status) => {
        this.refusedWith = status
        this.#end()
      },
      chunk: (bytes, start, end) => reader.push(bytes.subarray(start, end)),
      ended: () => this.#end(),
    })
  }

  /**
   * Opens one and waits until it is open.
   *
   * @param first sent at once, before any live record can arrive
   */
  static async open(address: string, first?: string): Promise<Client> {
    const client = new Client(address)
    const isOpen = await client.opened
    if (!isOpen) throw new Error(`${address} refused a client with ${client.refusedWith}`)
    if (first !== undefined) client.send(first)
    return client
  }

  /** Whether it became a WebSocket. */
  get opened(): Promise<boolean> {
    return this.#opened.promise
  }
  /** Settles when the connection is gone, or was refused. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  stall(): void {
    this.#connection.pause()
  }
  read(): void {
    this.#connection.resume()
  }
  send(text: string): void {
    this.#connection.write(textFrame(text, mask))
  }
  /** Pings whose answers fill what the client does not read. */
  pings(count: number): void {
    const ping = maskedFrame('ping', Buffer.alloc(125), mask)
    this.#connection.write(Buffer.concat(Array.from({ length: count }, () => ping)))
  }
  /** Sends bytes that need not be a frame. */
  raw(...bytes: readonly Buffer[]): void {
    this.#connection.write(Buffer.concat(bytes))
  }
  reset(): void {
    this.#connection.reset()
  }
  end(): void {
    this.#connection.end()
  }
  offsets(partition: number): bigint[] {
    const own = this.deliveries.filter((one) => one.partition === partition)
    return own.map(({ offset }) => offset)
  }
  framesOf(type: string): Frame[] {
    return this.frames.filter((frame) => frame['type'] === type)
  }

  #memory(): Listener {
    return {
      record: (delivery) => void this.deliveries.push(delivery),
      frame: (frame) => void this.frames.push(frame),
      broken: (found) => {
        throw new Error(found)
      },
      ended: () => undefined,
    }
  }

  #end(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.#opened.resolve(false)
    this.#listener.ended(this.closeCode)
    this.#over.resolve()
  }

  #reader(): FrameReader {
    return new FrameReader(
      {
        text: (bytes, start, end) => this.#text(bytes.toString('utf8', start, end)),
        binary: (bytes, start, end) => this.#binary(Buffer.from(bytes.subarray(start, end))),
        ping: () => undefined,
        pong: () => undefined,
        close: (code) => (this.closeCode = code),
        broken: (why) => this.#listener.broken(why),
      },
      messageBytesMax,
    )
  }

  #text(text: string): void {
    const frame = JSON.parse(text) as Frame
    const { type, partition, offset } = frame as { type: string; partition: number; offset: string }
    if (this.#cursor !== undefined) this.#listener.broken(`${type} after a cursor`)
    if (type === 'cursor') this.#cursor = { partition, offset: BigInt(offset) }
    else this.#listener.frame(frame)
  }

  #binary(value: Buffer): void {
    const cursor = this.#cursor
    this.#cursor = undefined
    if (cursor === undefined) this.#listener.broken('a record without a cursor')
    else this.#listener.record({ ...cursor, value })
  }
}

/**
 * One connection of a viewer: everything that it was sent, in the order in which it came, with
 * nothing judged yet but the pairing of cursor and record, which only the wire can show.
 */
import { crc32 } from 'node:zlib'
import type { Clock } from '../../../relay/world/clock.ts'
import { openConnection, type Connection } from '../../fleet/connection.ts'
import { FrameReader } from '../../fleet/frame-reader.ts'
import { textFrame } from '../../fleet/frame-writer.ts'
import { handshake } from '../../fleet/handshake.ts'

/** A frame or an act, and when. */
export type Seen = { readonly atMs: number } & (
  | { readonly is: 'asked'; readonly from: From; readonly cursors: ReadonlyMap<number, bigint> }
  | { readonly is: 'record'; readonly partition: number; readonly offset: bigint; crc: number }
  | {
      readonly is: 'gap'
      readonly partition: number
      readonly first: bigint
      readonly last: bigint
      readonly count: number
    }
  | { readonly is: 'stale'; readonly partition: number; readonly oldest: bigint }
  | {
      readonly is: 'complete'
      readonly mode: string
      readonly isCapped: boolean
      readonly last: ReadonlyMap<number, bigint>
    }
  | { readonly is: 'error'; readonly code: string }
  | { readonly is: 'unpaired'; readonly found: string }
  | { readonly is: 'closed'; readonly code: number | undefined }
)
export type From = 'cursor' | 'earliest' | 'latest'

const mask = Buffer.from([1, 2, 3, 4])
const openLimitMs = 5_000
const messageBytesMax = 16 * 1_024 * 1_024

type JsonFrame = Readonly<Record<string, unknown>>
const whole = (value: unknown) => BigInt(value as string)
const byPartition = (value: unknown) =>
  new Map(Object.entries(value as object).map(([key, offset]) => [Number(key), whole(offset)]))

export class Sitting {
  readonly viewer: string
  readonly seen: Seen[] = []
  readonly #clock: Clock
  readonly #connection: Connection
  readonly #over = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<boolean>()
  #cursor: { readonly partition: number; readonly offset: bigint } | undefined
  #closeCode: number | undefined
  epoch: string | undefined
  /** HTTP status that it was refused with. */
  refusedWith: number | undefined
  isOver = false

  constructor(clock: Clock, viewer: string, address: string) {
    this.viewer = viewer
    this.#clock = clock
    const reader = this.#reader()
    const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 7))
    const buffer = Buffer.allocUnsafe(256 * 1_024)
    this.#connection = openConnection(clock, hello, openLimitMs, buffer, {
      opened: () => this.#opened.resolve(true),
      refused: (status) => {
        this.refusedWith = status
        this.#end()
      },
      chunk: (bytes, start, end) => reader.push(Buffer.from(bytes.subarray(start, end))),
      ended: () => this.#end(),
    })
  }

  /** Whether it became a WebSocket. */
  get opened(): Promise<boolean> {
    return this.#opened.promise
  }
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Whether no resume waits for its answer. */
  get isAnswered(): boolean {
    const asked = this.seen.findLastIndex(({ is }) => is === 'asked')
    const answered = this.seen.findLastIndex(({ is }) => is === 'complete' || is === 'error')
    return answered >= asked
  }

  resume(from: From, cursors: ReadonlyMap<number, bigint>, epoch: string | undefined): void {
    this.#saw({ is: 'asked', from, cursors: new Map(cursors) })
    const offsets = [...cursors].map(([partition, offset]) => [partition, String(offset)])
    const body = { type: 'resume', from, lastOffsetsByPartition: Object.fromEntries(offsets) }
    this.#connection.write(textFrame(JSON.stringify({ ...body, epoch }), mask))
  }
  stall(): void {
    this.#connection.pause()
  }
  read(): void {
    this.#connection.resume()
  }
  end(): void {
    this.#connection.end()
  }
  reset(): void {
    this.#connection.reset()
  }

  #end(): void {
    if (this.isOver) return
    this.isOver = true
    this.#opened.resolve(false)
    this.#saw({ is: 'closed', code: this.#closeCode })
    this.#over.resolve()
  }

  #saw(what: Seen extends infer S ? (S extends Seen ? Omit<S, 'atMs'> : never) : never): void {
    this.seen.push({ ...what, atMs: this.#clock.nowMs() })
  }

  #reader(): FrameReader {
    return new FrameReader(
      {
        text: (bytes, start, end) => this.#text(bytes.toString('utf8', start, end)),
        binary: (bytes, start, end) => this.#binary(bytes.subarray(start, end)),
        ping: () => undefined,
        pong: () => undefined,
        close: (code) => (this.#closeCode = code),
        broken: (why) => this.#saw({ is: 'unpaired', found: why }),
      },
      messageBytesMax,
    )
  }

  #binary(value: Buffer): void {
    const cursor = this.#cursor
    this.#cursor = undefined
    if (cursor === undefined) this.#saw({ is: 'unpaired', found: 'a record without a cursor' })
    else this.#saw({ is: 'record', ...cursor, crc: crc32(value) })
  }

  #text(text: string): void {
    const frame = JSON.parse(text) as JsonFrame
    const { type, partition } = frame as { type: string; partition: number }
    if (this.#cursor !== undefined) this.#saw({ is: 'unpaired', found: `${type} after a cursor` })
    if (type === 'cursor') this.#cursor = { partition, offset: whole(frame['offset']) }
    else if (type === 'gap') this.#gap(frame)
    else if (type === 'cursor_stale') {
      this.#saw({ is: 'stale', partition, oldest: whole(frame['oldest']) })
    } else if (type === 'replay_complete') this.#complete(frame)
    else if (type === 'error') this.#saw({ is: 'error', code: String(frame['code']) })
  }

  #gap(frame: JsonFrame): void {
    this.#saw({
      is: 'gap',
      partition: frame['partition'] as number,
      first: whole(frame['firstOffset']),
      last: whole(frame['lastOffset']),
      count: frame['count'] as number,
    })
  }

  #complete(frame: JsonFrame): void {
    this.epoch = frame['epoch'] as string
    this.#saw({
      is: 'complete',
      mode: String(frame['mode']),
      isCapped: frame['capped'] === true,
      last: byPartition(frame['lastOffsetsByPartition']),
    })
  }
}

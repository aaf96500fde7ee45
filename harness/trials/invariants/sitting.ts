/**
 * One connection of a viewer: everything that it was sent, when and in which order, with nothing
 * judged yet.
 */
import { crc32 } from 'node:zlib'
import type { Clock } from '../../../relay/world/clock.ts'
import { Client, type Frame } from '../../wire/relay-client.ts'

/** A frame or an act, and when. */
export type Seen = { readonly atMs: number } & (
  | {
      readonly is: 'asked'
      readonly from: From
      readonly cursors: ReadonlyMap<number, bigint>
      /** Since it began to connect. */
      readonly afterMs: number
    }
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

const whole = (value: unknown) => BigInt(value as string)
const byPartition = (value: unknown) =>
  new Map(Object.entries(value as object).map(([key, offset]) => [Number(key), whole(offset)]))

export class Sitting {
  readonly viewer: string
  readonly client: Client
  readonly seen: Seen[] = []
  readonly #clock: Clock
  readonly #beganMs: number
  epoch: string | undefined

  constructor(clock: Clock, viewer: string, address: string) {
    this.viewer = viewer
    this.#clock = clock
    this.#beganMs = clock.nowMs()
    this.client = new Client(address, {
      record: ({ value, ...at }) => this.#saw({ is: 'record', ...at, crc: crc32(value) }),
      frame: (frame) => this.#frame(frame),
      broken: (found) => this.#saw({ is: 'unpaired', found }),
      ended: (code) => this.#saw({ is: 'closed', code }),
    })
  }

  /** Whether no resume waits for its answer. */
  get isAnswered(): boolean {
    const asked = this.seen.findLastIndex(({ is }) => is === 'asked')
    const answered = this.seen.findLastIndex(({ is }) => is === 'complete' || is === 'error')
    return answered >= asked
  }

  resume(from: From, cursors: ReadonlyMap<number, bigint>, epoch: string | undefined): void {
    const afterMs = this.#clock.nowMs() - this.#beganMs
    this.#saw({ is: 'asked', from, cursors: new Map(cursors), afterMs })
    const offsets = [...cursors].map(([partition, offset]) => [partition, String(offset)])
    const body = { type: 'resume', from, lastOffsetsByPartition: Object.fromEntries(offsets) }
    this.client.send(JSON.stringify({ ...body, epoch }))
  }

  #saw(what: Seen extends infer S ? (S extends Seen ? Omit<S, 'atMs'> : never) : never): void {
    this.seen.push({ ...what, atMs: this.#clock.nowMs() })
  }

  #frame(frame: Frame): void {
    const { type, partition } = frame as { type: string; partition: number }
    if (type === 'gap') this.#gap(frame)
    else if (type === 'cursor_stale') {
      this.#saw({ is: 'stale', partition, oldest: whole(frame['oldest']) })
    } else if (type === 'replay_complete') this.#complete(frame)
    else if (type === 'error') this.#saw({ is: 'error', code: String(frame['code']) })
  }

  #gap(frame: Frame): void {
    this.#saw({
      is: 'gap',
      partition: frame['partition'] as number,
      first: whole(frame['firstOffset']),
      last: whole(frame['lastOffset']),
      count: frame['count'] as number,
    })
  }

  #complete(frame: Frame): void {
    this.epoch = frame['epoch'] as string
    this.#saw({
      is: 'complete',
      mode: String(frame['mode']),
      isCapped: frame['capped'] === true,
      last: byPartition(frame['lastOffsetsByPartition']),
    })
  }
}

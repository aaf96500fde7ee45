/**
 * Puts batches into Kafka unchanged. A client library writes its own batches, so testing others
 * needs a request written by hand.
 */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'

const produceKey = 0
const version = 3
const limitMs = 10_000
const acksOfAll = -1

/** What stands for an error code where the broker hung up, as it does on what is too large. */
export const hungUp = -1

/** Connections to the one broker of the native stack, one after the other. */
export class RawProducer {
  readonly #clock: Clock
  readonly #host: string
  readonly #port: number
  readonly #waiting: ((answer: Buffer | undefined) => void)[] = []
  #socket: Socket | undefined
  #rest = Buffer.alloc(0)
  #lastId = 0

  constructor(clock: Clock, broker: string) {
    this.#clock = clock
    const at = broker.lastIndexOf(':')
    this.#host = broker.slice(0, at)
    this.#port = Number(broker.slice(at + 1))
  }

  /**
   * Sends one batch.
   *
   * @returns the broker's error code, 0 if it took the batch; `hungUp` if it ended the connection
   */
  async send(topic: string, partition: number, batch: Buffer): Promise<number> {
    this.#socket ??= this.#open()
    const answered = Promise.withResolvers<Buffer | undefined>()
    this.#waiting.push(answered.resolve)
    this.#socket.write(this.#request(topic, partition, batch))
    const answer = await withDeadline(this.#clock, limitMs, 'Kafka, sent a batch,', () =>
      answered.promise,
    )
    if (answer === undefined) return hungUp
    // correlation, one topic and its name, one partition and its number
    return answer.readInt16BE(4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4)
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const socket = connect({ host: this.#host, port: this.#port })
    socket.on('data', (bytes) => this.#read(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#socket = undefined
      this.#rest = Buffer.alloc(0)
      for (const tell of this.#waiting.splice(0)) tell(undefined)
    })
    return socket
  }

  #request(topic: string, partition: number, batch: Buffer): Buffer {
    this.#lastId += 1
    const body = Buffer.concat([
      int16(produceKey), int16(version), int32(this.#lastId), text('fuzz'),
      int16(-1), int16(acksOfAll), int32(limitMs),
      int32(1), text(topic), int32(1), int32(partition), int32(batch.length), batch,
    ])
    return Buffer.concat([int32(body.length), body])
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readInt32BE(0)
      if (this.#rest.length < end) return
      this.#waiting.shift()?.(this.#rest.subarray(4, end))
      this.#rest = this.#rest.subarray(end)
    }
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const text = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])

/**
 * What was really produced during a storm: the yardstick that everything a client saw is held
 * against afterwards. Known only once Kafka has acknowledged, so nothing is judged before the end.
 */
import { crc32 } from 'node:zlib'
import { sleep, type Clock } from '../../../relay/world/clock.ts'
import type { Producer } from '../../stack/kafka.ts'
import type { Dice } from '../../world/dice.ts'
import { poison, record } from '../records-testbed.ts'

/** A record as Kafka acknowledged it. */
export interface Produced {
  /** CRC-32 of a record that clients must get; undefined for one that they must not. */
  readonly crc: number | undefined
  readonly ackedMs: number
}

const sendEveryMs = 20
const batchRecordsMax = 6
const payloadBytesMax = 12_000
/** One record in so many is malformed, one in so many a tombstone. */
const oddEvery = 40

/** Produces a mixed load until it is stopped, and remembers all of it. */
export class Truth {
  readonly #clock: Clock
  readonly #dice: Dice
  readonly #producer: Producer
  readonly #topic: string
  readonly #partitions: readonly Produced[][]
  readonly #over = new AbortController()
  #numbers = 0

  constructor(clock: Clock, dice: Dice, producer: Producer, topic: string, partitions: number) {
    this.#clock = clock
    this.#dice = dice
    this.#producer = producer
    this.#topic = topic
    this.#partitions = Array.from({ length: partitions }, () => [])
  }

  /** Settles after `stop`, with the last acknowledgement. */
  async run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#sendBatch(this.#dice.int(this.#partitions.length))
      await sleep(this.#clock, sendEveryMs)
    }
  }

  stop(): void {
    this.#over.abort()
  }

  /** The record at an offset; undefined if there is none. */
  at(partition: number, offset: bigint): Produced | undefined {
    return this.#partitions[partition]?.[Number(offset)]
  }

  /** The offset after the last one of each partition. */
  ends(): ReadonlyMap<number, bigint> {
    return new Map(this.#partitions.map((all, partition) => [partition, BigInt(all.length)]))
  }

  /** Records for clients among the offsets `first` to `last`. */
  good(partition: number, first: bigint, last: bigint): number {
    const own = this.#partitions[partition] ?? []
    const asked = own.slice(Number(first), Number(last) + 1)
    return asked.filter(({ crc }) => crc !== undefined).length
  }

  /** All records, whatever they are. */
  get total(): number {
    return this.#partitions.reduce((sum, own) => sum + own.length, 0)
  }

  async #sendBatch(partition: number): Promise<void> {
    const values = Array.from({ length: 1 + this.#dice.int(batchRecordsMax) }, () => this.#draw())
    const messages = values.map((value) => ({ value, partition }))
    const [ack] = await this.#producer.send({ topic: this.#topic, messages })
    const base = Number(ack?.baseOffset ?? Number.NaN)
    const ackedMs = this.#clock.nowMs()
    for (const [index, value] of values.entries()) {
      const isGood = value !== null && value !== poison
      const crc = isGood ? crc32(value) : undefined
      this.#partitions[partition]![base + index] = { crc, ackedMs }
    }
  }

  #draw(): Buffer | null {
    const face = this.#dice.int(oddEvery)
    if (face === 0) return poison
    if (face === 1) return null
    return record((this.#numbers += 1), this.#dice.int(payloadBytesMax))
  }
}

/**
 * What the stack tests of the reference relay share: servers, a topic and a relay process for each
 * test, and clients that keep every frame they get.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { DeadlineError } from '../../relay/world/deadline.ts'
import type { RelaySettings } from '../dsl/scenario.ts'
import { openConnection, type Connection } from '../fleet/connection.ts'
import { FrameReader } from '../fleet/frame-reader.ts'
import { maskedFrame, textFrame } from '../fleet/frame-writer.ts'
import { handshake } from '../fleet/handshake.ts'
import { kafkaClient, type Producer } from '../stack/kafka.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { openWorld, type World } from '../world/world.ts'
import { startTarget } from './start.ts'
import type { RunningTarget, TargetSpec } from './target.ts'

const limitMs = 20_000
const mask = Buffer.from([1, 2, 3, 4])

/** Waits until `holds`, or fails by saying what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = clock.nowMs() + limitMs
  while (!(await holds())) {
    if (clock.nowMs() > endMs) throw new DeadlineError(what, limitMs)
    await sleep(clock, 20)
  }
}

export interface Delivery {
  readonly partition: number
  readonly offset: bigint
  readonly value: Buffer
}

/** A client that keeps what it gets, reads only while it is told to, and asks what it is told. */
export class Client {
  readonly deliveries: Delivery[] = []
  readonly frames: Record<string, unknown>[] = []
  closeCode: number | undefined
  isEnded = false
  refusedWith: number | undefined
  isOpen = false
  readonly #connection: Connection
  #cursor: { readonly partition: number; readonly offset: bigint } | undefined

  /** @param first what it sends as soon as it is open, before anything live can come */
  constructor(address: string, first?: string) {
    const reader = this.#reader()
    const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 7))
    const buffer = Buffer.allocUnsafe(64 * 1_024)
    this.#connection = openConnection(clock, hello, limitMs, buffer, {
      opened: () => {
        this.isOpen = true
        if (first !== undefined) this.send(first)
      },
      refused: (status) => (this.refusedWith = status),
      chunk: (bytes, start, end) => reader.push(Buffer.from(bytes.subarray(start, end))),
      ended: () => (this.isEnded = true),
    })
  }

  /** Opens one and waits until it is open. */
  static async open(address: string, first?: string): Promise<Client> {
    const client = new Client(address, first)
    await until('the client to be open', () => client.isOpen)
    return client
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
  framesOf(type: string): Record<string, unknown>[] {
    return this.frames.filter((frame) => frame['type'] === type)
  }

  #reader(): FrameReader {
    return new FrameReader(
      {
        text: (bytes, start, end) => this.#text(bytes.toString('utf8', start, end)),
        binary: (bytes, start, end) => {
          this.deliveries.push({ ...this.#cursor!, value: Buffer.from(bytes.subarray(start, end)) })
          this.#cursor = undefined
        },
        ping: () => undefined,
        pong: () => undefined,
        close: (code) => (this.closeCode = code),
        broken: (why) => {
          throw new Error(why)
        },
      },
      64 * 1_024 * 1_024,
    )
  }

  #text(text: string): void {
    const frame = JSON.parse(text) as Record<string, unknown>
    if (frame['type'] !== 'cursor') this.frames.push(frame)
    else {
      const { partition, offset } = frame as { partition: number; offset: string }
      this.#cursor = { partition, offset: BigInt(offset) }
    }
  }
}

/** A valid record of about `bytes`, distinguishable by its number. */
export function record(number: number, bytes = 100): Buffer {
  const header = { threadId: `t${number % 3}`, sequence: BigInt(number + 1) }
  const nodeId = `${number}-${'x'.repeat(bytes)}`
  const message = { case: 'event', value: { header, nodeId } } as const
  const encoded = encodeRecord(create(DashStreamMessageSchema, { message }), {
    compressAboveBytes: Infinity,
  })
  return Buffer.from(encoded)
}

export const many = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, number) => record(number, bytes))

/** Offsets from one to before another. */
export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => BigInt(from + index))

/** Bytes that no decoder accepts. */
export const poison = Buffer.from([0x00, 0xff, 0xff, 0xff])

const readingOf =
  (scraped: string): Reading<number> =>
  (name, ...labels) => {
    const lines = scraped.split('\n').filter((line) => {
      return /^[^ {]+/.exec(line)?.[0] === name && labels.every((one) => line.includes(one))
    })
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

/** One relay on a topic of its own. */
export interface Place {
  readonly topic: string
  readonly dlqTopic: string
  readonly groupId: string
  readonly relay: RunningTarget
  readonly address: string
  /** Sends values, in order, to one partition; null is a tombstone. */
  readonly produce: (values: readonly (Buffer | null)[], partition?: number) => Promise<void>
  /** JSON of a page of the relay. */
  readonly page: (path: string) => Promise<Record<string, unknown>>
  /** The sum of the series of a metric that have these labels. */
  readonly metric: Reading<Promise<number>>
  /** One scrape, to read several metrics of the same moment from. */
  readonly scrape: () => Promise<Reading<number>>
}
type Reading<T> = (name: string, ...labels: readonly string[]) => T
/** Runs with a relay that is stopped afterwards. */
export async function withPlace(place: Promise<Place>, work: (place: Place) => Promise<void>) {
  const it = await place
  try {
    await work(it)
  } finally {
    await it.relay.stop()
  }
}

/** Whether the relay reaches Kafka and Redis through the proxies, which can break the way. */
export type Way = 'direct' | 'proxied'

export class Testbed {
  readonly world: World
  readonly stack: Stack
  readonly topics: Topics
  readonly #producer: Producer
  readonly #state: string
  #places = 0

  private constructor(
    world: World,
    stack: Stack,
    topics: Topics,
    producer: Producer,
    state: string,
  ) {
    this.world = world
    this.stack = stack
    this.topics = topics
    this.#producer = producer
    this.#state = state
  }

  static async open(): Promise<Testbed> {
    const state = mkdtempSync(join(tmpdir(), 'reference-'))
    const world = await openWorld(clock, state)
    const stack = await startNativeStack({ world, report: () => undefined })
    const topics = await openTopics(clock, stack.kafkaDirect)
    const producer = kafkaClient('test', stack.kafkaDirect).producer()
    await producer.connect()
    return new Testbed(world, stack, topics, producer, state)
  }

  /** Starts a relay on a fresh topic. */
  async place(
    settings: RelaySettings = {},
    partitions = 1,
    way: Way = 'direct',
    spec: TargetSpec = { kind: 'reference' },
  ): Promise<Place> {
    const topic = `t${(this.#places += 1)}`
    await this.topics.create(topic, partitions)
    await this.topics.create(`${topic}-dlq`, 1)
    return this.placeOn(topic, settings, way, spec)
  }

  /** Starts a relay on a topic that is there. */
  async placeOn(
    topic: string,
    settings: RelaySettings = {},
    way: Way = 'direct',
    spec: TargetSpec = { kind: 'reference' },
  ): Promise<Place> {
    const dlqTopic = `${topic}-dlq`
    const groupId = `g-${topic}`
    const { kafkaDirect, kafkaProxied, redisDirect, redisProxied } = this.stack
    const relay = await startTarget(
      this.world,
      spec,
      {
        settings: { logLevel: 'debug', ...settings },
        kafkaBrokers: way === 'direct' ? kafkaDirect : kafkaProxied,
        redisUrl: way === 'direct' ? redisDirect : redisProxied,
        topic,
        dlqTopic,
        groupId,
        logFile: join(this.#state, `${topic}.log`),
        onProcess: () => undefined,
      },
    )
    const { address } = relay
    const text = async (path: string) => (await fetch(`http://${address}${path}`)).text()
    const scrape = async () => readingOf(await text('/metrics'))
    return {
      topic,
      dlqTopic,
      groupId,
      relay,
      address,
      produce: (values, partition) => this.produce(topic, values, partition),
      page: async (path) => JSON.parse(await text(path)) as Record<string, unknown>,
      metric: async (name, ...labels) => (await scrape())(name, ...labels),
      scrape,
    }
  }

  /** Sends values, in order, to one partition; settles when they are acknowledged. */
  async produce(topic: string, values: readonly (Buffer | null)[], partition = 0): Promise<void> {
    await this.#producer.send({ topic, messages: values.map((value) => ({ value, partition })) })
  }

  /** Committed offset of a partition; -1 for none. */
  async committed(topic: string, partition = 0): Promise<string> {
    const admin = kafkaClient('test-offsets', this.stack.kafkaDirect).admin()
    await admin.connect()
    const [found] = await admin.fetchOffsets({ groupId: `g-${topic}`, topics: [topic] })
    await admin.disconnect()
    return found?.partitions.find((one) => one.partition === partition)?.offset ?? '-1'
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
    await this.topics.close()
    await this.world.close()
    rmSync(this.#state, { recursive: true, force: true })
  }
}

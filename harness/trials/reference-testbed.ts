/**
 * What the stack tests of the reference relay run on: servers for a whole file, and for each test
 * a topic and a relay process.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { readExposition } from '../samplers/exposition.ts'
import { kafkaClient, type Producer } from '../stack/kafka.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Address } from '../stack/ways.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { openWorld, type World } from '../world/world.ts'
import { startTarget, type TargetSpec } from '../targets/registry.ts'
import type { RunningTarget, TargetTask } from '../targets/target.ts'

function readingOf(scraped: string): Reading<number> {
  const series = [...readExposition(scraped).series]
  return (name, ...labels) => {
    const isMeant = (key: string) => key === name || key.startsWith(`${name}{`)
    const own = series.filter(([key]) => isMeant(key) && labels.every((one) => key.includes(one)))
    return own.reduce((sum, [, value]) => sum + value, 0)
  }
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

/**
 * Whether the relay reaches Kafka and Redis through the proxies, which can break the way; or Kafka
 * through these addresses.
 */
export type Way = 'direct' | 'proxied' | readonly Address[]

export class Testbed {
  readonly world: World
  readonly stack: Stack
  readonly topics: Topics
  readonly #producer: Producer
  readonly #state: string
  #places = 0
  #relays = 0

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
    const task = this.task(topic, settings, way)
    const relay = await startTarget(this.world, spec, {
      ...task,
      settings: { logLevel: 'debug', ...settings },
      logFile: join(this.#state, `${topic}-${(this.#relays += 1)}.log`),
      onProcess: () => undefined,
    })
    const { address } = relay
    const text = async (path: string) => (await fetch(`http://${address}${path}`)).text()
    const scrape = async () => readingOf(await text('/metrics'))
    return {
      ...task,
      relay,
      address,
      produce: (values, partition) => this.produce(topic, values, partition),
      page: async (path) => JSON.parse(await text(path)) as Record<string, unknown>,
      metric: async (name, ...labels) => (await scrape())(name, ...labels),
      scrape,
    }
  }

  /** The settings of a relay on a topic. */
  task(topic: string, settings: RelaySettings = {}, way: Way = 'direct'): TargetTask {
    const { kafkaDirect, kafkaProxied, redisDirect, redisProxied } = this.stack
    return {
      settings,
      kafkaBrokers: way === 'direct' ? kafkaDirect : way === 'proxied' ? kafkaProxied : way,
      redisUrl: way === 'proxied' ? redisProxied : redisDirect,
      topic,
      dlqTopic: `${topic}-dlq`,
      groupId: `g-${topic}`,
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

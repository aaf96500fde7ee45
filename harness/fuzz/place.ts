/**
 * A relay on its own topic, one honest client, and the inputs. What these see decides about each
 * input. A relay that failed is replaced by a new one.
 */
import { join } from 'node:path'
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { kafkaClient, type Producer } from '../stack/kafka.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics } from '../stack/topics.ts'
import { Client } from '../wire/relay-client.ts'
import { startTarget, type TargetSpec } from '../targets/registry.ts'
import type { RunningTarget } from '../targets/target.ts'
import type { World } from '../world/world.ts'
import { until } from '../world/until.ts'
import { framed } from '../records/record-bytes.ts'
import { RawProducer } from './raw-producer.ts'
import { Watchdog } from './watchdog.ts'

export const partitions = 2
/** The loop may burn so much CPU between a question and its answer. */
export const turnMsMax = 100
/** What a relay with the bounds below may have in memory. */
export const rssBytesMax = 512 * 1_048_576

/** Room for all who come; what else protects a relay stands as it is when it is delivered. */
const settings: RelaySettings = {
  connectionsPerIpMax: 256,
  resetsPerMinuteMax: 0,
  // The honest client answers no pings.
  pingIntervalMs: 3_600_000,
  logLevel: 'warn',
}
const lookEveryMs = 5
const killLimitMs = 10_000

/** What all places of a run share. */
export interface Site {
  readonly world: World
  readonly stack: Stack
  readonly spec: TargetSpec
  readonly logFolder: string
}

export class Place {
  readonly clock: Clock
  readonly topic: string
  readonly address: string
  readonly watchdog: Watchdog
  readonly #site: Site
  readonly #relay: RunningTarget
  readonly #raw: RawProducer
  readonly #honest: Client
  readonly #marks = new Set<string>()
  #broken: string | undefined
  #lastMark = 0
  #transactional: readonly Producer[] = []

  private constructor(site: Site, topic: string, relay: RunningTarget) {
    const { address, process } = relay
    this.clock = site.world.clock
    this.topic = topic
    this.address = address
    this.#site = site
    this.#relay = relay
    this.#raw = new RawProducer(this.clock, site.stack.kafkaDirect[0]!)
    this.watchdog = new Watchdog({ pid: process!.pid, address, turnMsMax })
    this.#honest = new Client(address, {
      record: ({ value }) => {
        if (value.length < 64) this.#marks.delete(value.toString('latin1'))
      },
      frame: () => undefined,
      broken: (found) => (this.#broken = `the honest client was sent ${found}`),
      ended: (code) => (this.#broken ??= `the honest client was closed with ${code ?? 'nothing'}`),
    })
  }

  /** Starts a relay; settles once it is ready and has its client. */
  static async open(site: Site, number: number): Promise<Place> {
    const { world, stack } = site
    const topic = `fuzz-${number}`
    const topics = await openTopics(world.clock, stack.kafkaDirect)
    await topics.create(topic, partitions)
    await topics.create(`${topic}-dlq`, 1)
    await topics.close()
    const relay = await startTarget(world, site.spec, {
      settings,
      kafkaBrokers: stack.kafkaDirect,
      redisUrl: stack.redisDirect,
      topic,
      dlqTopic: `${topic}-dlq`,
      groupId: `g-${topic}`,
      logFile: join(site.logFolder, `${topic}.log`),
      onProcess: () => undefined,
    })
    const place = new Place(site, topic, relay)
    await place.#honest.opened
    // The first question to a fresh relay pays for compiling what answers it.
    await sleep(world.clock, 200)
    await place.watchdog.take()
    return place
  }

  /** Puts a batch as it is into a partition; false if the broker refused it. */
  async put(partition: number, batch: Buffer): Promise<boolean> {
    return (await this.#raw.send(this.topic, partition, batch)) === 0
  }

  /** Two producers whose transactions may overlap. */
  async transactional(): Promise<readonly Producer[]> {
    if (this.#transactional.length > 0) return this.#transactional
    const made = [0, 1].map((at) =>
      kafkaClient(`fuzz-${at}`, this.#site.stack.kafkaDirect).producer({
        transactionalId: `${this.topic}-${at}`,
        maxInFlightRequests: 1,
        idempotent: true,
      }),
    )
    await Promise.all(made.map((one) => one.connect()))
    this.#transactional = made
    return made
  }

  /** A sound record that only this call knows; the honest client must get it. */
  mark(): Buffer {
    this.#lastMark += 1
    const name = Buffer.from(`mark-${this.#lastMark}`)
    // An event whose node is so called: field 1 of the message, field 3 of the event.
    const value = framed(0, Buffer.concat([
      Buffer.of(0x0a, name.length + 2, 0x1a, name.length),
      name,
    ]))
    this.#marks.add(value.toString('latin1'))
    return value
  }

  /** Settles when every mark has come. @returns what is wrong with the stream, if anything is */
  async heard(limitMs: number): Promise<string | undefined> {
    const isOver = () => this.#marks.size === 0 || this.#broken !== undefined
    const { holds } = await until(this, limitMs, lookEveryMs, isOver)
    return holds ? this.#broken : `a sound record did not come within ${limitMs} ms`
  }

  /** Ends everything immediately: a relay that is asked to shut down may be blocked. */
  async close(): Promise<void> {
    this.#honest.end()
    this.#raw.close()
    await this.watchdog.close()
    await Promise.all(this.#transactional.map((one) => one.disconnect().catch(() => undefined)))
    await this.#relay.process?.kill('SIGKILL', killLimitMs).catch(() => undefined)
    await this.#relay.stop().catch(() => undefined)
  }
}

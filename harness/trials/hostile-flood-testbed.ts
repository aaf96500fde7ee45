/**
 * A relay under very many hostile frames, and one client beside them that did nothing wrong: it
 * must get every record in order meanwhile, and the relay must have forgotten all of it afterwards.
 */
import { systemClock as clock } from '../../relay/world/clock.ts'
import { openConnection, type Connection } from '../wire/connection.ts'
import { maskedFrame } from '../wire/frame-writer.ts'
import { handshake } from '../wire/handshake.ts'
import { nextBurst, type Burst } from '../wire/hostile-bursts.ts'
import { dice, type Dice } from '../world/dice.ts'
import { Client } from '../wire/relay-client.ts'
import { record } from './records-testbed.ts'
import type { Place } from './reference-testbed.ts'
import { median } from '../world/median.ts'
import { repeat, until } from './until-testbed.ts'

export interface Flood {
  readonly seed: string
  readonly frames: number
  readonly connections: number
}
export interface Flooded {
  readonly frames: number
  /** Sockets that were needed, because the relay or the attacker ended those before. */
  readonly connections: number
  /** Records that the honest client was sent, and what it got in their place. */
  readonly produced: number
  readonly wrong: readonly string[]
  readonly slowestHealthMs: number
  /** Resident bytes, sampled all the time. */
  readonly rssBytes: readonly number[]
  readonly tookMs: number
}

const limitMs = 10_000
const sampleMs = 100
/** After bytes that may have swallowed the question, no longer is waited for its answer. */
const riskMs = 50
const question = Buffer.from('are you there')
const ping = maskedFrame('ping', question, Buffer.alloc(4, 7))
const shared = Buffer.allocUnsafe(64 * 1_024)

/** Settings under which nothing but the frames themselves decides. */
export const floodSettings = {
  connectionsPerIpMax: 64,
  clientFramesPerSecondMax: 0,
  clientResumesPerMinuteMax: 0,
  replayWaitMs: 60_000,
  // The honest client answers no pings.
  pingIntervalMs: 3_600_000,
  logLevel: 'warn',
} as const

/** One line, for repeating the run or comparing it. */
export function sayFlooded(seed: string, { rssBytes, ...rest }: Flooded): string {
  const mib = (bytes: number) => Math.round(bytes / 1_048_576)
  const [first, middle, last] = thirds(rssBytes).map((some) => mib(median(some) ?? NaN))
  const rssMiB = { first, middle, last, most: mib(Math.max(...rssBytes)) }
  return `seed ${seed}: ${JSON.stringify({ ...rest, rssMiB })}\n`
}

/** Samples of the beginning, the middle and the end. */
export function thirds(samples: readonly number[]): readonly (readonly number[])[] {
  const size = Math.ceil(samples.length / 3)
  return [0, 1, 2].map((third) => samples.slice(third * size, (third + 1) * size))
}

/** Attacks a relay that has no other clients; settles when all attackers are gone. */
export async function flood(place: Place, plan: Flood): Promise<Flooded> {
  const startMs = clock.nowMs()
  const witness = await Witness.open(place)
  const attackers = Array.from({ length: plan.connections }, (_, at) => {
    return new Attacker(place.address, dice(`${plan.seed}/${at}`))
  })
  const share = Math.ceil(plan.frames / plan.connections)
  await Promise.all(attackers.map((one) => one.attack(share)))
  const seen = await witness.end()
  const sum = (of: (one: Attacker) => number) => attackers.reduce((all, one) => all + of(one), 0)
  return {
    ...seen,
    frames: sum(({ sent }) => sent),
    connections: sum(({ opened }) => opened),
    tookMs: Math.round(clock.nowMs() - startMs),
  }
}

/** One who sends bursts, and comes back whenever it was thrown out. */
class Attacker {
  readonly #address: string
  readonly #chance: Dice
  sent = 0
  opened = 0

  constructor(address: string, chance: Dice) {
    this.#address = address
    this.#chance = chance
  }

  async attack(frames: number): Promise<void> {
    while (this.sent < frames) {
      const line = await HostileLine.open(this.#address)
      this.opened += 1
      let isRisky = false
      while (!line.isOver && !isRisky && this.sent < frames) {
        const burst = nextBurst(this.#chance)
        await line.send(burst)
        this.sent += burst.count
        ;({ isRisky } = burst)
      }
      // After half a frame nothing is a frame any more: the attacker just goes, rudely or not.
      await line.leave(this.#chance.int(2) === 0)
    }
  }
}

/** A connection of an attacker, which reads everything and looks for nothing but a pong. */
class HostileLine {
  readonly #connection: Connection
  readonly #opened = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  #answer = Promise.withResolvers<void>()
  #tail = Buffer.alloc(0)
  isOver = false

  constructor(address: string) {
    const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 9))
    this.#connection = openConnection(clock, hello, limitMs, shared, {
      opened: () => this.#opened.resolve(),
      refused: (status, why) => this.#opened.reject(new Error(`refused: ${status} ${why}`)),
      chunk: (bytes, start, end) => this.#read(bytes.subarray(start, end)),
      ended: () => {
        this.isOver = true
        this.#answer.resolve()
        this.#gone.resolve()
      },
    })
  }

  static async open(address: string): Promise<HostileLine> {
    const line = new HostileLine(address)
    await line.#opened.promise
    return line
  }

  /** Sends a burst; settles when the relay has read it, or when the connection is over. */
  async send({ bytes, crumbs, isRisky }: Burst): Promise<void> {
    this.#answer = Promise.withResolvers<void>()
    for (let at = 0; at < crumbs; at += 1) this.#connection.write(bytes.subarray(at, at + 1))
    this.#connection.write(Buffer.concat([bytes.subarray(crumbs), ping]))
    const late = clock.after(isRisky ? riskMs : limitMs, () => {
      if (isRisky) this.#answer.resolve()
      else this.#answer.reject(new Error(`no answer, and no end, within ${limitMs} ms`))
    })
    await this.#answer.promise.finally(() => late.cancel())
  }

  /** Settles when the connection is gone, closed by either side. */
  async leave(isReset: boolean): Promise<void> {
    if (!this.isOver && isReset) this.#connection.reset()
    else if (!this.isOver) this.#connection.end()
    await this.#gone.promise
  }

  /** The pong may lie across two chunks. */
  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#tail, chunk])
    if (bytes.includes(question)) this.#answer.resolve()
    this.#tail = bytes.subarray(Math.max(0, bytes.length - question.length + 1))
  }
}

/** The client that did nothing wrong, and those that watch the relay meanwhile. */
class Witness {
  readonly #place: Place
  readonly #client: Client
  readonly #ends: readonly (() => Promise<void>)[]
  readonly #rssBytes: number[] = []
  #produced = 0
  #slowestHealthMs = 0

  private constructor(place: Place, client: Client) {
    this.#place = place
    this.#client = client
    this.#ends = [
      repeat(sampleMs, () => this.#produce()),
      repeat(sampleMs, () => this.#watch()),
    ]
  }

  static async open(place: Place): Promise<Witness> {
    return new Witness(place, await Client.open(place.address))
  }

  async end() {
    await Promise.all(this.#ends.map((end) => end()))
    const { deliveries } = this.#client
    const isOver = () => deliveries.length >= this.#produced || this.#client.isEnded
    await until('every record, or the end of the honest client', isOver)
    const wrong = this.#wrong()
    this.#client.end()
    const [produced, slowestHealthMs] = [this.#produced, Math.round(this.#slowestHealthMs)]
    return { produced, wrong, slowestHealthMs, rssBytes: this.#rssBytes }
  }

  /** Frames that an honest client has no reason to get, and records out of place. */
  #wrong(): readonly string[] {
    const { deliveries, frames, isEnded } = this.#client
    const strange = frames.filter(({ type }) => type !== 'pong').map((one) => JSON.stringify(one))
    const misplaced = deliveries.flatMap(({ offset, value }, at) => {
      return offset === BigInt(at) && value.equals(record(at)) ? [] : [`${offset} at ${at}`]
    })
    return [...strange, ...misplaced, ...(isEnded ? ['it was ended'] : [])]
  }

  async #produce(): Promise<void> {
    const values = Array.from({ length: 20 }, (_, at) => record(this.#produced + at))
    await this.#place.produce(values)
    this.#produced += values.length
  }

  async #watch(): Promise<void> {
    const startMs = clock.nowMs()
    await this.#place.page('/health')
    this.#slowestHealthMs = Math.max(this.#slowestHealthMs, clock.nowMs() - startMs)
    this.#rssBytes.push(await this.#place.metric('process_resident_memory_bytes'))
  }
}

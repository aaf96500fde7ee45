/**
 * A relay under very many malformed records of every kind, between sound ones, and a client that
 * did nothing wrong: what it gets, what the dead-letter topic has in the end, and what the relay
 * counts are held against the table of kinds, record by record.
 */
import { DeadlineError } from '../../relay/world/deadline.ts'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { kafkaClient } from '../stack/kafka.ts'
import { episode } from '../records/malformed-case.ts'
import { allMalformedKinds, malformed, type RelayReaction } from '../records/malformed.ts'
import { dice } from '../world/dice.ts'
import { Client } from '../wire/relay-client.ts'
import type { Place, Testbed } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

export interface RecordFlood {
  readonly seed: string
  /** Fewest malformed records to send. */
  readonly malformed: number
}
export interface RecordsFlooded {
  readonly records: number
  readonly malformed: number
  /** What the table of kinds says becomes of all records. */
  readonly wanted: Tally
  /** What the relay counted. */
  readonly counted: Tally
  /** Deliveries and letters that should not be, or are not as they should be. */
  readonly wrong: readonly string[]
  readonly slowestHealthMs: number
  readonly rssBytes: readonly number[]
  readonly tookMs: number
}
interface Tally {
  readonly forwarded: number
  readonly deadLettered: number
  readonly missing: number
}
/** What must become of the record at an offset. */
interface Fate {
  readonly value: Buffer | null
  readonly relay: RelayReaction
}

const partitions = 3
const payloadBytesMax = 16 * 1_024
/** Rounds of all kinds that are written before the client is waited for. */
const roundsPerWave = 24
const stalledMs = 20_000

const recordFloodSettings = {
  payloadBytesMax,
  replayMemoryBytesMax: 8 * 1_048_576,
  logLevel: 'warn',
} as const

/** Settles when every record and every letter was looked at. */
export async function floodRecords(
  bed: Testbed,
  plan: RecordFlood,
): Promise<RecordsFlooded & { readonly place: Place }> {
  const startMs = clock.nowMs()
  const place = await bed.place(recordFloodSettings, partitions)
  const flood = new Flood(place, plan.seed, await Client.open(place.address))
  while (flood.malformed < plan.malformed) await flood.wave()
  await flood.readLetters(bed)
  return { ...(await flood.end()), place, tookMs: Math.round(clock.nowMs() - startMs) }
}

class Flood {
  readonly #place: Place
  readonly #seed: string
  readonly #client: Client
  /** Per partition, by offset. What was settled is emptied, for it would be hundreds of MB. */
  readonly #fates = Array.from({ length: partitions }, (): Fate[] => [])
  /** Per partition, the first offset that was not looked at. */
  readonly #next = Array.from({ length: partitions }, () => 0)
  readonly #wrong: string[] = []
  readonly #rssBytes: number[] = []
  #wanted = { forwarded: 0, deadLettered: 0, missing: 0 }
  #delivered = 0
  #rounds = 0
  #slowestHealthMs = 0
  malformed = 0

  constructor(place: Place, seed: string, client: Client) {
    this.#place = place
    this.#seed = seed
    this.#client = client
  }

  async wave(): Promise<void> {
    const sends = Array.from({ length: partitions }, async (_, partition) => {
      for (let round = partition; round < roundsPerWave; round += partitions) {
        await this.#place.produce(this.#round(partition), partition)
      }
    })
    await Promise.all(sends)
    // A client that says nothing for long is taken for gone.
    this.#client.send('{"type":"ping"}')
    await this.#settle()
    await this.#watch()
  }

  /** All kinds once, in an order of their own; each record's fate is written down. */
  #round(partition: number): (Buffer | null)[] {
    const count = this.#rounds
    this.#rounds += 1
    const { seed, unixMs } = { seed: this.#seed, unixMs: clock.unixMs() }
    const chance = dice(`${seed}/${count}`)
    const kinds = allMalformedKinds
      .map((kind) => ({ kind, at: chance.next() }))
      .toSorted((one, other) => one.at - other.at)
    const fates = kinds.flatMap(({ kind }) => {
      const records = episode(kind, { seed, count, payloadBytesMax, unixMs })
      return records.map(({ value, isMalformed }): Fate => {
        if (isMalformed) this.malformed += 1
        return { value, relay: isMalformed ? malformed(kind).relay : { does: 'forwards' } }
      })
    })
    for (const fate of fates) this.#fates[partition]!.push(fate)
    this.#count(fates)
    return fates.map(({ value }) => value)
  }

  #count(fates: readonly Fate[]): void {
    const of = (does: RelayReaction['does']) =>
      fates.filter(({ relay }) => relay.does === does).length
    this.#wanted.forwarded += of('forwards')
    this.#wanted.deadLettered += of('dead-letters')
    this.#wanted.missing += of('counts-as-missing')
  }

  /** Looks at what the client got, until it got everything that was written. */
  async #settle(): Promise<void> {
    let heardMs = clock.nowMs()
    while (this.#delivered < this.#wanted.forwarded) {
      const some = this.#client.deliveries.splice(0)
      for (const one of some) this.#delivery(one.partition, Number(one.offset), one.value)
      if (some.length > 0) heardMs = clock.nowMs()
      else if (clock.nowMs() - heardMs > stalledMs) throw new DeadlineError('records', stalledMs)
      await sleep(clock, 5)
    }
  }

  /** The next one for clients of its partition, and nothing else, in its own bytes. */
  #delivery(partition: number, offset: number, value: Buffer): void {
    const fates = this.#fates[partition]!
    let at = this.#next[partition]!
    while (at < fates.length && fates[at]!.relay.does !== 'forwards') at += 1
    if (at !== offset) this.#wrong.push(`${partition}/${offset} came instead of ${at}`)
    else if (!fates[at]!.value!.equals(value)) this.#wrong.push(`${partition}/${at} differs`)
    fates[at] = { value: null, relay: { does: 'forwards' } }
    this.#next[partition] = at + 1
    this.#delivered += 1
  }

  async #watch(): Promise<void> {
    const startMs = clock.nowMs()
    await this.#place.page('/health')
    this.#slowestHealthMs = Math.max(this.#slowestHealthMs, clock.nowMs() - startMs)
    this.#rssBytes.push(await this.#place.metric('process_resident_memory_bytes'))
  }

  /** Each record that must be dead-lettered has one letter, with a right type; no other has one. */
  async readLetters(bed: Testbed): Promise<void> {
    const { dlqTopic } = this.#place
    const settled = () => this.#place.metric('relay_dlq_waiting')
    await until('the last letter', async () => (await settled()) === 0)
    const end = Number((await bed.topics.ends(dlqTopic))[0]?.end)
    const types = new Map<string, string[]>()
    const consumer = kafkaClient('letters', bed.stack.kafkaDirect).consumer({
      groupId: `letters-${dlqTopic}`,
      maxWaitTimeInMs: 100,
    })
    let read = 0
    await consumer.connect()
    await consumer.subscribe({ topic: dlqTopic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => {
        const letter = JSON.parse(String(message.value)) as Record<string, unknown>
        const key = `${String(letter['kafka_partition'])}/${String(letter['kafka_offset'])}`
        types.set(key, [...(types.get(key) ?? []), String(letter['error_type'])])
        read += 1
      },
    })
    await until('all letters', () => read >= end)
    await consumer.disconnect()
    this.#compare(types)
  }

  #compare(types: ReadonlyMap<string, readonly string[]>): void {
    for (const [partition, fates] of this.#fates.entries()) {
      for (const [offset, { relay }] of fates.entries()) {
        const got = types.get(`${partition}/${offset}`) ?? []
        const right: readonly string[] = relay.does === 'dead-letters' ? relay.errorTypes : []
        const isRight = right.length === 0 ? got.length === 0 : got.length === 1
        if (isRight && got.every((type) => right.includes(type))) continue
        this.#wrong.push(`${partition}/${offset}: letters ${got.join()}; wanted ${right.join()}`)
      }
    }
  }

  async end(): Promise<Omit<RecordsFlooded, 'tookMs'>> {
    const { frames, isEnded } = this.#client
    const strange = frames.filter(({ type }) => type !== 'pong')
    this.#wrong.push(...strange.map((one) => JSON.stringify(one)))
    if (isEnded) this.#wrong.push('the client was ended')
    this.#client.end()
    const read = await this.#place.scrape()
    const counted = {
      forwarded: read('websocket_kafka_messages_total', 'status="success"'),
      deadLettered: read('websocket_dlq_sends_total'),
      missing: read('websocket_kafka_payload_missing_total'),
    }
    return {
      records: this.#fates.reduce((sum, { length }) => sum + length, 0),
      malformed: this.malformed,
      wanted: this.#wanted,
      counted,
      wrong: this.#wrong.slice(0, 20),
      slowestHealthMs: Math.round(this.#slowestHealthMs),
      rssBytes: this.#rssBytes,
    }
  }
}

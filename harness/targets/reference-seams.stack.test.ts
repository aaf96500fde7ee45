/**
 * Where streams meet: replay and live, one group member and another, a relay and the one that
 * comes after it. A client must see no seam: every record once, in order.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKafka } from '../../relay/adapters/kafka-client.ts'
import { createLogger } from '../../relay/adapters/logger.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { Client, record, Testbed, until, type Place } from './reference-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const many = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, number) => record(number, bytes))
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => BigInt(from + index))

/** Produces without a pause until the work is done; returns how many records there are then. */
async function underLoad(place: Place, work: () => Promise<void>): Promise<number> {
  const over = new AbortController()
  let produced = 0
  const load = async () => {
    while (!over.signal.aborted) {
      await place.produce(many(50, 500))
      produced += 50
      await sleep(clock, 5)
    }
  }
  const loading = load()
  await work()
  over.abort()
  await loading
  return produced
}

const isWhole = (client: Client, from: number, to: number) => {
  const offsets = client.offsets(0)
  return offsets.length === to - from && offsets.every((one, at) => one === BigInt(from + at))
}

describe('replay and live', () => {
  test('meet without a duplicate, a hole or a step back, whenever a client comes', async () => {
    const place = await bed.place({ connectionsPerIpMax: 100 })
    const early = await Client.open(place.address)
    await place.produce(many(500, 500))
    await until('the first records', () => early.deliveries.length === 500)
    const late: Client[] = []
    const produced = await underLoad(place, async () => {
      for (let count = 0; count < 20; count += 1) {
        const client = await Client.open(place.address)
        client.send('{"type":"resume","lastOffsetsByPartition":{"0":"99"}}')
        late.push(client)
        await sleep(clock, 30)
      }
    })
    const end = 500 + produced
    await until('the early one', () => early.deliveries.length === end)
    expect(early.offsets(0)).toEqual(range(0, end))
    for (const client of late) {
      await until('a late one', () => client.offsets(0).at(-1) === BigInt(end - 1))
      expect(isWhole(client, 100, end)).toBe(true)
      expect(client.framesOf('replay_complete')).toHaveLength(1)
      expect(client.framesOf('gap')).toEqual([])
    }
    await place.relay.stop()
  })

  test('a client that fell off the log gets by resume what it was told it had missed', async () => {
    const settings = {
      ringRecordsMax: 256,
      clientWriteBytesMax: 16_384,
      sendTimeoutMs: 60_000,
      lagDisconnectRecords: 0,
      replayMemoryRecordsMax: 100_000,
    }
    const place = await bed.place(settings)
    const [slow, fast] = [await Client.open(place.address), await Client.open(place.address)]
    slow.stall()
    for (let round = 1; round <= 20; round += 1) {
      await place.produce(many(100, 4_000))
      await until('the fast one', () => fast.deliveries.length === 100 * round)
    }
    slow.read()
    await until('the gap', () => slow.framesOf('gap').length > 0)
    const gap = slow.framesOf('gap')[0]!
    const cursor = BigInt(gap['firstOffset'] as string) - 1n
    slow.end()
    const again = await Client.open(place.address)
    again.send(JSON.stringify({ type: 'resume', lastOffsetsByPartition: { 0: String(cursor) } }))
    await until('the rest', () => again.offsets(0).at(-1) === 1_999n)
    expect(isWhole(again, Number(cursor) + 1, 2_000)).toBe(true)
    await place.relay.stop()
  })
})

describe('a rebalance', () => {
  test('costs the clients nothing and shows them nothing twice', async () => {
    const place = await bed.place({ kafkaHeartbeatMs: 500, lagIntervalMs: 1_000 })
    const client = await Client.open(place.address)
    const parsed = parseSettings({ KAFKA_BROKERS: bed.stack.kafkaDirect.join(',') })
    if (!parsed.ok) throw new Error(parsed.problems.join('; '))
    const rebalances = () => place.metric('relay_rebalances_total')
    const produced = await underLoad(place, async () => {
      for (let count = 0; count < 2; count += 1) {
        const before = await rebalances()
        const kafka = createKafka(parsed.settings, `rival-${count}`, createLogger('error'))
        const rival = kafka.consumer({ groupId: `g-${place.topic}`, heartbeatInterval: 500 })
        await rival.connect()
        await rival.subscribe({ topic: place.topic })
        let stolen = 0
        // It commits what it takes, so that the group stands beyond what our clients have.
        await rival.run({ eachMessage: async () => void (stolen += 1) })
        await until('the rival to be in', async () => (await rebalances()) > before && stolen > 100)
        await rival.disconnect()
        await until('the rival to be out', async () => (await rebalances()) > before + 1)
      }
    })
    await until('all records', () => client.offsets(0).at(-1) === BigInt(produced - 1))
    expect(isWhole(client, 0, produced)).toBe(true)
    await place.relay.stop()
  })
})

/** Until it has so many records, or is told that it will not get them. */
async function readSlowly(client: Client, count: number): Promise<void> {
  while (client.deliveries.length < count && client.frames.length === 0) {
    client.stall()
    await sleep(clock, 80)
    client.read()
    await sleep(clock, 5)
  }
}

describe('when nobody keeps up', () => {
  test('consumption waits instead of leaving the foremost client behind', async () => {
    const mebibyte = 1_048_576
    const settings = {
      ringBytesMax: 8 * mebibyte,
      inflightBytesMax: mebibyte,
      lagDisconnectRecords: 0,
    }
    const place = await bed.place(settings)
    const client = await Client.open(place.address)
    const slowly = readSlowly(client, 600)
    for (let sent = 0; sent < 600; sent += 10) await place.produce(many(10, 90_000))
    await slowly
    expect(client.frames).toEqual([])
    expect(isWhole(client, 0, 600)).toBe(true)
    await place.relay.stop()
  })
})

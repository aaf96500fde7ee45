/** The reference relay as a process, on a real Kafka and real sockets: delivery and accounting. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../wire/relay-client.ts'
import { many, poison, range, record } from './records-testbed.ts'
import { Testbed, withPlace } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

describe('delivery', () => {
  test('brings every record once, in order, its bytes unchanged, to every client', async () => {
    await withPlace(bed.place({}, 3), async ({ address, produce }) => {
      const clients = await Promise.all([Client.open(address), Client.open(address)])
      const values = [record(0, 10), record(1, 200), record(2, 70_000), record(3, 900_000)]
      await Promise.all([0, 1, 2].map((partition) => produce(values, partition)))
      await until('all records', () => clients.every((one) => one.deliveries.length === 12))
      for (const client of clients) {
        expect(client.frames).toEqual([])
        for (const partition of [0, 1, 2]) expect(client.offsets(partition)).toEqual(range(0, 4))
        for (const { offset, value } of client.deliveries) {
          expect(value.equals(values[Number(offset)]!)).toBe(true)
        }
      }
    })
  })

  test('goes on where it stood after a restart', async () => {
    const first = await bed.place()
    const before = await Client.open(first.address)
    await first.produce(many(100))
    await until('the first hundred', () => before.deliveries.length === 100)
    expect(await first.relay.stop()).toEqual({ code: 0, isKilled: false })
    expect(before.closeCode).toBe(1001)
    expect(await bed.committed(first.topic)).toBe('100')
    await first.produce(many(50))
    await withPlace(bed.placeOn(first.topic, { kafkaAutoOffsetReset: 'latest' }), async (again) => {
      const taken = () => again.metric('websocket_kafka_messages_total')
      await until('the rest', async () => (await taken()) === 50)
      expect(await again.metric('relay_assigned_partitions')).toBe(1)
    })
  })

  test('commits while it goes on, and never beyond what was taken', async () => {
    await withPlace(bed.place({ commitIntervalMs: 200 }), async ({ produce, topic }) => {
      await produce(many(30))
      await until('the commit', async () => (await bed.committed(topic)) !== '-1')
      expect(await bed.committed(topic)).toBe('30')
    })
  })
})

describe('a client that falls off the log', () => {
  const settings = {
    ringRecordsMax: 256,
    clientWriteBytesMax: 16_384,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
  }

  test('gets exact gaps: delivered and declared records make up the whole', async () => {
    await withPlace(bed.place(settings, 2), async ({ address, metric, produce }) => {
      const [slow, fast] = [await Client.open(address), await Client.open(address)]
      await produce(many(10), 0)
      await until('the first records', () => slow.deliveries.length === 10)
      slow.stall()
      for (let round = 0; round < 30; round += 1) {
        await produce(many(100, 4_000), round % 2)
        await until('the fast one', () => fast.deliveries.length === 10 + 100 * (round + 1))
      }
      slow.read()
      await produce([record(0)], 0)
      await until('the end', () => slow.offsets(0).at(-1) === 1_510n)
      const seen = new Map([0, 1].map((partition) => [partition, new Set(slow.offsets(partition))]))
      let missed = 0
      for (const gap of slow.framesOf('gap')) {
        const first = BigInt(gap['firstOffset'] as string)
        const last = BigInt(gap['lastOffset'] as string)
        expect(gap['count']).toBe(Number(last - first + 1n))
        for (let offset = first; offset <= last; offset += 1n) {
          expect(seen.get(gap['partition'] as number)!.has(offset)).toBe(false)
          seen.get(gap['partition'] as number)!.add(offset)
          missed += 1
        }
      }
      expect(missed).toBeGreaterThan(0)
      expect([seen.get(0)!.size, seen.get(1)!.size]).toEqual([1_511, 1_500])
      expect(await metric('websocket_dropped_messages_total')).toBe(missed)
      expect(fast.framesOf('gap')).toEqual([])
    })
  })

  test('is closed with a reason when it misses too much', async () => {
    const strict = { ...settings, lagDisconnectRecords: 100 }
    await withPlace(bed.place(strict), async ({ address, metric, produce }) => {
      const [slow, fast] = [await Client.open(address), await Client.open(address)]
      slow.stall()
      for (let round = 1; round <= 30; round += 1) {
        await produce(many(100, 4_000))
        await until('the fast one', () => fast.deliveries.length === 100 * round)
      }
      slow.read()
      await until('the end', () => slow.isEnded)
      expect(slow.framesOf('disconnect')).toHaveLength(1)
      expect(slow.closeCode).toBe(4_001)
      expect(await metric('websocket_slow_client_disconnects_total')).toBe(1)
      expect(await metric('relay_clients_closed_total', 'slow_client')).toBe(1)
    })
  })
})

describe('malformed records', () => {
  const values = [record(0), poison, record(2), null, record(4), poison]

  test('with the skip policy go to the dead letters, and nothing else is touched', async () => {
    await withPlace(bed.place(), async ({ address, dlqTopic, metric, produce, topic }) => {
      const client = await Client.open(address)
      await produce(values)
      await until('both letters', async () => (await metric('websocket_dlq_sends_total')) === 2)
      await until('the sound ones', () => client.deliveries.length === 3)
      expect(client.offsets(0)).toEqual([0n, 2n, 4n])
      expect(await metric('websocket_kafka_payload_missing_total')).toBe(1)
      expect((await bed.topics.ends(dlqTopic))[0]?.end).toBe('2')
      await until('the commit', async () => (await bed.committed(topic)) === '6')
    })
  })

  test('with the pause policy stop their partition, visibly, and nothing else', async () => {
    const settings = { kafkaOnDecodeError: 'pause', lagIntervalMs: 1_000 } as const
    await withPlace(bed.place(settings, 2), async ({ address, metric, produce, topic }) => {
      const client = await Client.open(address)
      await produce(values, 0)
      await until('the pause', async () => (await metric('relay_paused_partitions')) === 1)
      await produce(many(20), 0)
      await produce(many(5), 1)
      await until('the other partition', () => client.offsets(1).length === 5)
      const lag = () => metric('websocket_kafka_consumer_lag', 'partition="0"')
      await until('the lag to show', async () => (await lag()) === 25)
      expect(client.offsets(0)).toEqual([0n])
      expect(client.isEnded).toBe(false)
      await until('the commit', async () => (await bed.committed(topic, 0)) === '1')
    })
  })
})

/** What clients get of transactions, on a real Kafka, and where that leaves the relay. */
import { zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CompressionCodecs, CompressionTypes, kafkaClient, type Producer } from '../stack/kafka.ts'
import { Client } from '../wire/relay-client.ts'
import { record } from './records-testbed.ts'
import { Testbed, withPlace, type Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
const producers: Producer[] = []
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(async () => {
  for (const one of producers) await one.disconnect()
  await bed?.close()
})

const commitIntervalMs = 200
const lagIntervalMs = 1_000

/** A producer of transactions; one that no other of this name is at work with. */
async function transactional(name: string): Promise<Producer> {
  const options = { transactionalId: name, idempotent: true, maxInFlightRequests: 1 }
  const producer = kafkaClient(name, bed.stack.kafkaDirect).producer(options)
  await producer.connect()
  producers.push(producer)
  return producer
}

async function ordinary(): Promise<Producer> {
  const producer = kafkaClient('ordinary', bed.stack.kafkaDirect).producer()
  await producer.connect()
  producers.push(producer)
  return producer
}

const message = (number: number, key: Buffer | null = null) =>
  ({ key, value: record(number), partition: 0 })

/** Waits until the group has committed everything, and asks what the relay says of itself then. */
async function settled({ metric, page, topic }: Place, end: string) {
  await until(`the commit at ${end}`, async () => (await bed.committed(topic)) === end)
  const lag = () => metric('websocket_kafka_consumer_lag', 'partition="0"')
  await until('no lag', async () => (await lag()) === 0)
  const { status } = await page('/health')
  return { status, stalled: await metric('relay_breaker_stalled_seconds') }
}

test('of overlapping transactions that were given up clients get nothing', async () => {
  const place = bed.place({ commitIntervalMs, lagIntervalMs })
  await withPlace(place, async ({ address, topic, metric, ...more }) => {
    const client = await Client.open(address)
    const [a, b] = [await transactional(`a-${topic}`), await transactional(`b-${topic}`)]
    const [first, second] = [await a.transaction(), await b.transaction()]
    const zeros = Buffer.alloc(4)
    await first.send({ topic, messages: [message(0, zeros)] })
    await second.send({ topic, messages: [message(1)] })
    await first.send({ topic, messages: [message(2, zeros)] })
    await first.send({ topic, messages: [message(3)] })
    await second.abort()
    // The marker of an end is written some time after it is acknowledged: before this or behind it.
    const plain = await ordinary()
    const [sent] = await plain.send({ topic, messages: [message(5)] })
    const offset = BigInt(sent?.baseOffset ?? -1)
    await first.abort()
    const at = { ...more, address, topic, metric }
    expect(await settled(at, '7')).toEqual({ status: 'healthy', stalled: 0 })
    // The commit does not wait for a client that may still ask for a resume.
    await until('the plain one', () => client.offsets(0).length > 0)
    expect(client.offsets(0)).toEqual([offset])
    expect(await metric('websocket_kafka_messages_total')).toBe(1)

    const third = await a.transaction()
    await third.send({ topic, messages: [message(7, zeros)] })
    await third.commit()
    await until('the committed one', () => client.offsets(0).length === 2)
    const next = await settled(at, '9')
    expect(next).toEqual({ status: 'healthy', stalled: 0 })
    expect(client.offsets(0)).toEqual([offset, 7n])
    client.end()
  })
})

test('a relay that starts behind a transaction that was given up reads nothing again', async () => {
  const topic = 'behind'
  await bed.topics.create(topic, 1)
  await bed.topics.create(`${topic}-dlq`, 1)
  const producer = await transactional(topic)
  const run = await producer.transaction()
  await run.send({ topic, messages: [message(0), message(1)] })
  await run.abort()
  for (const time of ['first', 'second']) {
    const place = bed.placeOn(topic, { commitIntervalMs, lagIntervalMs })
    await withPlace(place, async (it) => {
      const { status } = await settled(it, '3')
      expect([time, status]).toEqual([time, 'waiting'])
      expect(await it.metric('websocket_kafka_messages_total')).toBe(0)
    })
  }
})

test('an open transaction is no lag and no standstill; its records come with its end', async () => {
  const place = bed.place({ commitIntervalMs, lagIntervalMs })
  await withPlace(place, async (it) => {
    const client = await Client.open(it.address)
    const producer = await transactional(it.topic)
    const run = await producer.transaction()
    await it.produce([record(0)])
    await run.send({ topic: it.topic, messages: [message(1), message(2)] })
    await it.produce([record(3)])
    await until('the readable one', () => client.offsets(0).length === 1)
    expect(await settled(it, '1')).toEqual({ status: 'healthy', stalled: 0 })
    await run.commit()
    await until('all', () => client.offsets(0).length === 4)
    expect(await settled(it, '5')).toEqual({ status: 'healthy', stalled: 0 })
    expect(client.offsets(0)).toEqual([0n, 1n, 2n, 3n])
    client.end()
  })
})

test('a batch of two zstd frames is read whole', async () => {
  const place = bed.place({ commitIntervalMs, lagIntervalMs })
  await withPlace(place, async (it) => {
    const client = await Client.open(it.address)
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      async compress({ buffer }: { readonly buffer: Buffer }) {
        const half = Math.floor(buffer.length / 2)
        const frames = [buffer.subarray(0, half), buffer.subarray(half)]
        return Buffer.concat(frames.map((one) => zstdCompressSync(one)))
      },
      decompress: () => Promise.reject(new Error('not wanted')),
    })
    const producer = await ordinary()
    const messages = [0, 1, 2, 3].map((number) => message(number))
    await producer.send({ topic: it.topic, compression: CompressionTypes.ZSTD, messages })
    await until('all of them', () => client.offsets(0).length === 4)
    expect(await it.metric('relay_unreadable_batches_total')).toBe(0)
    client.end()
  })
})

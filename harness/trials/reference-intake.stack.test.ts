/** The reference relay's way in, on a real Kafka: batches, dead letters it refuses, old records. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { CompressionTypes, kafkaClient } from '../stack/kafka.ts'
import { floodRecords } from './hostile-records-testbed.ts'
import { Client } from '../wire/relay-client.ts'
import { poison, record } from './records-testbed.ts'
import { Testbed, type Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

const MiB = 1_048_576
/** What a batch of ten kilobytes unpacks to: twice what the relay takes. */
const zeros = Buffer.alloc(8 * MiB)

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

describe('a batch', () => {
  /** As Kafka itself packs them; gzip, which kafkajs has, is below. */
  const codecs = ['snappy', 'lz4', 'zstd']

  test('may be packed by any codec of Kafka', async () => {
    const values = Array.from({ length: 200 }, (_, number) => record(number, 1_000))
    const read = codecs.map(async (codec) => {
      await bed.topics.create(codec, 1, { 'compression.type': codec })
      const place = await bed.placeOn(codec)
      const client = await Client.open(place.address)
      await place.produce(values)
      await until(`all of ${codec}`, () => client.deliveries.length === values.length)
      expect(client.deliveries.map(({ value }) => value)).toEqual(values)
      await place.relay.stop()
    })
    await Promise.all(read)
  })

  test('that unpacks to too much is a dead letter, and its neighbours are not', async () => {
    const place = await bed.place({
      commitIntervalMs: 200,
      inflightBytesMax: 4 * MiB,
      payloadBytesMax: MiB,
    })
    const { dlqTopic, metric, produce, relay, topic } = place
    const client = await Client.open(place.address)
    const producer = kafkaClient('bomber', bed.stack.kafkaDirect).producer()
    await producer.connect()
    const packed = { topic, compression: CompressionTypes.GZIP }
    try {
      await produce([record(0)])
      await producer.send({ ...packed, messages: [{ value: zeros }] })
      await producer.send({ ...packed, messages: [{ value: record(2) }, { value: zeros }] })
      await producer.send({ ...packed, messages: [{ value: record(4) }, { value: record(5) }] })
      await until('the sound ones', () => client.deliveries.length === 3)
      expect(client.offsets(0)).toEqual([0n, 4n, 5n])
      const sent = () => metric('websocket_dlq_sends_total', 'payload_too_large')
      await until('the letters', async () => (await sent()) === 2)
      await until('the commit past', async () => (await bed.committed(topic)) === '6')
      expect((await bed.topics.ends(dlqTopic))[0]?.end).toBe('2')
      expect(await metric('relay_unreadable_batches_total', 'too_large')).toBe(2)
      expect(await metric('relay_rebalances_total')).toBe(1)
    } finally {
      await producer.disconnect()
      await relay.stop()
    }
  })
})

describe('while Kafka refuses dead letters', () => {
  const refusing = { 'max.message.bytes': '100' }

  /** A relay whose dead-letter topic is too small for any letter; one record of three is poison. */
  async function withRefused(settings: RelaySettings, work: (place: Place) => Promise<void>) {
    const topic = `refused-${String(settings.dlqMode)}`
    await bed.topics.create(topic, 1)
    await bed.topics.create(`${topic}-dlq`, 1, refusing)
    const place = await bed.placeOn(topic, settings)
    try {
      const client = await Client.open(place.address)
      await place.produce([record(0), poison, record(2)])
      await until('the sound ones', () => client.deliveries.length === 2)
      await work(place)
    } finally {
      await place.relay.stop()
    }
  }

  test('fail-open counts them as failed, and goes on', async () => {
    await withRefused({ dlqMode: 'fail_open' }, async ({ metric, topic }) => {
      const failed = () => metric('websocket_dlq_send_failures_total', 'kafka_error')
      await until('the failure', async () => (await failed()) === 1)
      await until('the commit', async () => (await bed.committed(topic)) === '3')
      expect(await metric('websocket_dlq_sends_total')).toBe(0)
    })
  })

  test('fail-closed commits nothing past them, says so, and sends them in the end', async () => {
    await withRefused({ dlqMode: 'fail_closed' }, async ({ dlqTopic, metric, page, topic }) => {
      await until('a retry', async () => (await metric('relay_dlq_retries_total')) >= 3)
      await until('the commit before', async () => (await bed.committed(topic)) === '1')
      expect(await metric('relay_dlq_waiting')).toBe(1)
      expect(String((await page('/health'))['alert'])).toContain('has not accepted dead letters')
      await bed.topics.remove([dlqTopic])
      await bed.topics.create(dlqTopic, 1)
      await until('the letter', async () => (await metric('websocket_dlq_sends_total')) === 1)
      await until('the commit past', async () => (await bed.committed(topic)) === '3')
      expect((await bed.topics.ends(dlqTopic))[0]?.end).toBe('1')
      expect(await metric('websocket_dlq_send_failures_total')).toBe(0)
    })
  })
})

test('a thousand malformed records affect no valid record, and each is accounted for', async () => {
  const seed = String(clock.unixMs())
  const { place, rssBytes, ...seen } = await floodRecords(bed, { seed, malformed: 1_000 })
  process.stdout.write(`seed ${seed}: ${JSON.stringify(seen)}\n`)
  expect(seen.wrong).toEqual([])
  expect(seen.counted).toEqual(seen.wanted)
  const stages = ['consume', 'decode', 'broadcast', 'send', 'redis_write', 'dlq', 'commit']
  await until('every stage to have worked', async () => {
    const read = await place.scrape()
    return stages.every((stage) => read('relay_stage_age_seconds', `"${stage}"`) >= 0)
  })
  expect(Math.max(...rssBytes)).toBeLessThan(400 * MiB)
  expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
})

test('records from before the start are old from the first one on', async () => {
  await bed.topics.create('old', 1)
  const before = await bed.placeOn('old')
  await before.relay.stop()
  await before.produce([poison, record(1)])
  const { metric, produce, relay } = await bed.placeOn('old', { lagIntervalMs: 60_000 })
  try {
    const old = () => metric('websocket_old_data_decode_errors_total')
    await until('the old one', async () => (await old()) === 1)
    await produce([poison])
    const fresh = () => metric('websocket_decode_errors_total')
    await until('the new one', async () => (await fresh()) === 1)
    expect(await old()).toBe(1)
  } finally {
    await relay.stop()
  }
})

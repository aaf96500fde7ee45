/** The reference relay's way in, on a real Kafka: dead letters it refuses, and old records. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RelaySettings } from '../dsl/scenario.ts'
import { Client, poison, record, Testbed, until, type Place } from './reference-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

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
      expect(String((await page('/health'))['alert'])).toContain('has not taken dead letters')
      await bed.topics.remove([dlqTopic])
      await bed.topics.create(dlqTopic, 1)
      await until('the letter', async () => (await metric('websocket_dlq_sends_total')) === 1)
      await until('the commit past', async () => (await bed.committed(topic)) === '3')
      expect((await bed.topics.ends(dlqTopic))[0]?.end).toBe('1')
      expect(await metric('websocket_dlq_send_failures_total')).toBe(0)
    })
  })
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

/**
 * What is over is not shown again: the records of a topic that was deleted, under those of another
 * one of its name.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, record, Testbed, until, type Place } from './reference-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

/** Records that tell when they were made. */
const values = (generation: number, count: number) =>
  Array.from({ length: count }, (_, number) => record(generation * 1_000 + number))
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => BigInt(from + index))

/** Until all that was produced is in Redis, or given up. */
const kept = (place: Place) =>
  until('all to be kept', async () => {
    return (await place.metric('relay_replay_redis_queue_bytes')) === 0
  })

const settings = {
  lagIntervalMs: 1_000,
  replayMemoryRecordsMax: 10,
  redisTimeoutMs: 400,
  clientResumesPerMinuteMax: 0,
}

async function createAnew(topic: string): Promise<void> {
  await bed.topics.remove([topic])
  await until('the topic to be gone', async () => !(await bed.topics.list()).includes(topic))
  await bed.topics.create(topic, 2)
}

const epochOf = async (place: Place) => (await place.page('/version'))['replay_epoch'] as string

/** What a client gets that comes back with what it had of the first topic. */
async function comeBack(place: Place, epoch: string, count: number): Promise<Client> {
  const client = await Client.open(place.address)
  const lastOffsetsByPartition = { 0: '49', 1: '19' }
  client.send(JSON.stringify({ type: 'resume', lastOffsetsByPartition, epoch }))
  await until('the records of the new topic', () => client.offsets(0).length === count)
  expect(client.offsets(0)).toEqual(range(0, count))
  expect(client.framesOf('cursor_stale').length).toBeGreaterThan(0)
  return client
}

const bytesOf = (client: Client, partition: number) =>
  client.deliveries.filter((one) => one.partition === partition).map(({ value }) => value)

test('a topic created anew closes its clients, and begins anew for whoever comes', async () => {
  const place = await bed.place(settings, 2)
  const client = await Client.open(place.address)
  await place.produce(values(1, 100), 0)
  await place.produce(values(1, 20), 1)
  await until('all records', () => client.deliveries.length === 120)
  const epoch = await epochOf(place)
  await createAnew(place.topic)
  await place.produce(values(2, 60), 0)
  await until('the client to be closed', () => client.isEnded)
  expect(client.closeCode).toBe(4006)
  expect([client.offsets(0), client.offsets(1)]).toEqual([range(0, 100), range(0, 20)])
  const again = await comeBack(place, epoch, 60)
  expect(bytesOf(again, 0)).toEqual(values(2, 60))
  await place.produce(values(2, 70).slice(60), 0)
  await until('live records', () => again.offsets(0).length === 70)
  expect(again.offsets(0)).toEqual(range(0, 70))

  // And while no relay runs: the new logs are longer than what is kept of the old ones.
  again.end()
  await kept(place)
  const last = await epochOf(place)
  await place.relay.stop()
  await createAnew(place.topic)
  await place.produce(values(3, 90), 0)
  const next = await bed.placeOn(place.topic, settings)
  const later = await comeBack(next, last, 90)
  expect(bytesOf(later, 0)).toEqual(values(3, 90))
  await next.relay.stop()
})

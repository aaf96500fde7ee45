/**
 * What is gone is never shown again: records of a deleted topic under a new topic of the same name,
 * and records from before a reset, also if Redis failed in between.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { openToxiproxy, type ToxicSpec } from '../stack/toxiproxy.ts'
import { Client } from '../wire/relay-client.ts'
import { range, record } from './records-testbed.ts'
import { Testbed, type Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

/** Records that contain the time at which they were made. */
const values = (generation: number, count: number) =>
  Array.from({ length: count }, (_, number) => record(generation * 1_000 + number))

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

async function createAgain(topic: string): Promise<void> {
  await bed.topics.remove([topic])
  await until('the topic to be gone', async () => !(await bed.topics.list()).includes(topic))
  await bed.topics.create(topic, 2)
}

const epochOf = async (place: Place) => (await place.page('/version'))['replay_epoch'] as string

/** What a client gets that comes back with what it had of the first topic. */
async function comeBack(place: Place, epoch: string, count: number): Promise<Client> {
  const lastOffsetsByPartition = { 0: '49', 1: '19' }
  const resume = JSON.stringify({ type: 'resume', lastOffsetsByPartition, epoch })
  const client = await Client.open(place.address, resume)
  await until('the records of the new topic', () => client.offsets(0).length === count)
  expect(client.offsets(0)).toEqual(range(0, count))
  expect(client.framesOf('cursor_stale').length).toBeGreaterThan(0)
  expect(client.framesOf('gap')).toEqual([])
  return client
}

const bytesOf = (client: Client, partition: number) =>
  client.deliveries.filter((one) => one.partition === partition).map(({ value }) => value)

test('a topic that is created again closes its clients, and new clients get it', async () => {
  const place = await bed.place(settings, 2)
  const client = await Client.open(place.address)
  await place.produce(values(1, 100), 0)
  await place.produce(values(1, 20), 1)
  await until('all records', () => client.deliveries.length === 120)
  const epoch = await epochOf(place)
  await createAgain(place.topic)
  // More than before: a relay that reads on where the old log ended could miss that it is gone.
  await place.produce(values(2, 130), 0)
  await until('the client to be closed', () => client.isEnded)
  expect(client.closeCode).toBe(4006)
  const seen = client.offsets(0)
  expect([seen, client.offsets(1)]).toEqual([range(0, seen.length), range(0, 20)])
  const again = await comeBack(place, epoch, 130)
  expect(bytesOf(again, 0)).toEqual(values(2, 130))
  await place.produce(values(2, 140).slice(130), 0)
  await until('live records', () => again.offsets(0).length === 140)
  expect(again.offsets(0)).toEqual(range(0, 140))

  // And while no relay runs: the new logs are longer than what is kept of the old ones.
  again.end()
  await kept(place)
  const last = await epochOf(place)
  await place.relay.stop()
  await createAgain(place.topic)
  await place.produce(values(3, 150), 0)
  const next = await bed.placeOn(place.topic, settings)
  const later = await comeBack(next, last, 150)
  expect(bytesOf(later, 0)).toEqual(values(3, 150))
  await next.relay.stop()
})

/** What a client gets that asks for all there is, and how Redis was while it did. */
async function replayOf(place: Place): Promise<{ offsets: bigint[]; degraded: unknown }> {
  const client = await Client.open(place.address, '{"type":"resume","from":"earliest"}')
  await until('the replay', () => client.framesOf('replay_complete').length === 1)
  const [{ degraded } = {}] = client.framesOf('replay_complete')
  client.end()
  return { offsets: client.offsets(0), degraded }
}

async function bufferCleared(place: Place): Promise<unknown> {
  const client = await Client.open(place.address, '{"type":"cursor_reset"}')
  await until('the answer', () => client.framesOf('cursor_reset_complete').length === 1)
  client.end()
  return client.framesOf('cursor_reset_complete')[0]?.['bufferCleared']
}

/** What happens to Redis, and whether a reset still reaches it in time. */
type Trouble = readonly [toxic: ToxicSpec, isTold: boolean]
const late = (name: string, latency: number): ToxicSpec => {
  return { name, type: 'latency', stream: 'downstream', attributes: { latency } }
}
const cutAfter = (name: string, stream: ToxicSpec['stream'], bytes: number): ToxicSpec => {
  return { name, type: 'limit_data', stream, attributes: { bytes } }
}
const troubles: readonly Trouble[] = [
  [late('slow', 100), true],
  [late('too slow', 2_000), false],
  [cutAfter('cut before the answer', 'downstream', 1), false],
  [cutAfter('cut in the question', 'upstream', 40), false],
]

test('what was reset is not shown again, neither by this relay nor by the next one', async () => {
  const link = bed.stack.links.find(({ hop }) => hop === 'redis')!
  const control = openToxiproxy(clock, bed.stack.toxiproxy)
  const place = await bed.place(settings, 1, 'proxied')
  const witness = await Client.open(place.address)
  let end = 0
  const add = async (count: number) => {
    await place.produce(values(1, count))
    end += count
    await until('the records', () => witness.deliveries.length === end)
  }
  let gone = 0
  for (const [toxic, isTold] of troubles) {
    const { name } = toxic
    const told = async () => [name, (await replayOf(place)).offsets.filter((one) => one < gone)]
    await add(60)
    await kept(place)
    expect((await replayOf(place)).offsets.slice(-60)).toEqual(range(end - 60, end))
    await control.add(link, toxic)
    expect([name, await bufferCleared(place)]).toEqual([name, isTold])
    gone = end
    expect(await told()).toEqual([name, []])
    await add(5)
    expect(await told()).toEqual([name, []])
    await control.remove(link, name)
    await until('Redis', async () => (await replayOf(place)).degraded === undefined)
    expect(await told()).toEqual([name, []])
  }
  await add(20)
  await kept(place)
  await place.relay.stop()
  const next = await bed.placeOn(place.topic, settings, 'proxied')
  await until('Redis', async () => (await next.metric('relay_replay_redis_connected')) === 1)
  const { offsets } = await replayOf(next)
  expect(offsets.filter((one) => one < gone)).toEqual([])
  expect(offsets.slice(-20)).toEqual(range(end - 20, end))
  await next.relay.stop()
})

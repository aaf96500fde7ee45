/**
 * Where the reference relay begins to read: at the newest record only if the group is new. This
 * holds however the relay ended, and if Kafka deleted or added records in between.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { kafkaClient, type Admin } from '../stack/kafka.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { Client } from '../wire/relay-client.ts'
import { many, range } from './records-testbed.ts'
import { Testbed, type Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
let admin: Admin
beforeAll(async () => {
  bed = await Testbed.open()
  admin = kafkaClient('starts', bed.stack.kafkaDirect).admin()
  await admin.connect()
})
afterAll(async () => {
  await admin?.disconnect()
  await bed?.close()
})

const latest = {
  kafkaAutoOffsetReset: 'latest',
  lagIntervalMs: 1_000,
  kafkaSessionTimeoutMs: 6_000,
  kafkaHeartbeatMs: 1_000,
} as const
const all = '{"type":"resume","from":"earliest"}'

/** Ends it without a word, as a crash does. */
async function kill({ relay }: Place): Promise<void> {
  process.kill(relay.process!.pid, 'SIGKILL')
  await relay.stop()
}

async function giveUp(topic: string, before: number): Promise<void> {
  // The library deletes only from topics that it was asked about.
  await admin.fetchTopicOffsets(topic)
  const partitions = [{ partition: 0, offset: String(before) }]
  await admin.deleteTopicRecords({ topic, partitions })
}

/** A topic that holds records from before any relay. */
async function topicWith(name: string, count: number): Promise<string> {
  await bed.topics.create(name, 1)
  await bed.produce(name, many(count))
  return name
}

test('a relay that was given "latest" takes up a quiet topic where it began', async () => {
  const topic = await topicWith('quiet', 3)
  const first = await bed.placeOn(topic, latest)
  await until('the commit', async () => (await bed.committed(topic)) === '3')
  await kill(first)
  await bed.produce(topic, many(2))
  const next = await bed.placeOn(topic, latest)
  const client = await Client.open(next.address, all)
  await until('what came meanwhile', () => client.deliveries.length === 2)
  expect(client.offsets(0)).toEqual(range(3, 5))
  await next.relay.stop()
})

test('what came before the first commit of a relay that crashed is not lost', async () => {
  const topic = await topicWith('crashed', 3)
  const first = await bed.placeOn(topic, { ...latest, commitIntervalMs: 60_000 })
  const client = await Client.open(first.address)
  await bed.produce(topic, many(2))
  await until('live records', () => client.deliveries.length === 2)
  await kill(first)
  await bed.produce(topic, many(2))
  const next = await bed.placeOn(topic, latest)
  const later = await Client.open(next.address, all)
  await until('the rest', () => later.offsets(0).includes(6n))
  expect(later.offsets(0)).toEqual(range(3, 7))
  await next.relay.stop()
})

test('what Kafka deleted is reported, and what is left is read, also with "latest"', async () => {
  const topic = await topicWith('retained', 5)
  const first = await bed.placeOn(topic, latest)
  await until('the commit', async () => (await bed.committed(topic)) === '5')
  await first.relay.stop()
  await bed.produce(topic, many(10))
  await giveUp(topic, 10)
  const next = await bed.placeOn(topic, latest, 'proxied')
  const cursor = '{"type":"resume","from":"cursor","lastOffsetsByPartition":{"0":"4"}}'
  const client = await Client.open(next.address, cursor)
  await until('what is left', () => client.deliveries.length === 5)
  expect(client.offsets(0)).toEqual(range(10, 15))
  expect(client.framesOf('gap')).toMatchObject([{ firstOffset: '5', lastOffset: '9' }])

  // And while it runs, cut off from Kafka.
  const link = bed.stack.links.find(({ hop }) => hop === 'kafka')!
  const control = openToxiproxy(clock, bed.stack.toxiproxy)
  await control.setEnabled(link, false)
  await bed.produce(topic, many(10))
  await giveUp(topic, 20)
  await control.setEnabled(link, true)
  await until('what is left', () => client.deliveries.length === 10)
  expect(client.offsets(0).slice(5)).toEqual(range(20, 25))
  expect(client.framesOf('gap').slice(1)).toMatchObject([{ firstOffset: '15', lastOffset: '19' }])
  await until('the commit', async () => (await bed.committed(topic)) === '25')
  await next.relay.stop()
})

test('a partition that is added is read from its first record, also under "latest"', async () => {
  const topic = await topicWith('added', 3)
  const place = await bed.placeOn(topic, latest)
  const client = await Client.open(place.address)
  await until('the commit', async () => (await bed.committed(topic)) === '3')
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
  await until('a leader', async () => (await bed.topics.ends(topic)).length === 2)
  // One that knows of the new partition: else the library drops what is for it without a word.
  const producer = kafkaClient('added', bed.stack.kafkaDirect).producer()
  await producer.connect()
  await producer.send({ topic, messages: many(4).map((value) => ({ value, partition: 1 })) })
  await producer.disconnect()
  await until('all of it', () => client.offsets(1).length === 4, 60_000)
  expect([client.offsets(0), client.offsets(1)]).toEqual([[], range(0, 4)])
  await place.relay.stop()
})

test('of two relays that begin together under "latest" neither reads what is old', async () => {
  const topic = 'together'
  await bed.topics.create(topic, 4)
  for (const partition of [0, 1, 2, 3]) await bed.produce(topic, many(3), partition)
  const places = await Promise.all([1, 2].map(() => bed.placeOn(topic, latest)))
  const clients = await Promise.all(places.map(({ address }) => Client.open(address)))
  const seen = () => clients.flatMap(({ deliveries }) => deliveries)
  await until('both to have a part', async () => {
    const counts = places.map(({ metric }) => metric('relay_assigned_partitions'))
    return (await Promise.all(counts)).every((count) => count === 2)
  })
  for (const partition of [0, 1, 2, 3]) await bed.produce(topic, many(1), partition)
  await until('one of each', () => seen().length >= 4)
  expect(seen().map(({ offset }) => offset)).toEqual([3n, 3n, 3n, 3n])
  await Promise.all(places.map(({ relay }) => relay.stop()))
})

/**
 * Two relays of one topic, as replicas: each in a group of its own, with one replay buffer. Every
 * client sees everything, whichever it is on, and goes on where it was on the other.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../wire/relay-client.ts'
import { many, range } from './records-testbed.ts'
import { type Place, Testbed } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const partitions = 3
/** Log ends are as old as they may be: no client may depend on a recent one. */
const settings = { lagIntervalMs: 3_600_000, kafkaHeartbeatMs: 500, commitIntervalMs: 200 }

/** Two relays, in the groups of these names, of one namespace where `shared` says so. */
async function withTwo(
  topic: string,
  [first, second]: readonly [string, string],
  work: (one: Place, other: Place) => Promise<void>,
  shared = `replicas-of-${topic}`,
): Promise<void> {
  await bed.topics.create(topic, partitions)
  await bed.topics.create(`${topic}-dlq`, 1)
  const start = (kafkaGroupId: string) =>
    bed.placeOn(topic, { ...settings, kafkaGroupId, replayGroupId: shared })
  const one = await start(first)
  const other = await start(second)
  try {
    await work(one, other)
  } finally {
    await Promise.all([one.relay.stop(), other.relay.stop()])
  }
}

const each = Array.from({ length: partitions }, (_, partition) => partition)
const produceToEach = (place: Place, count: number) =>
  Promise.all(each.map((partition) => place.produce(many(count), partition)))
const countOf = ({ deliveries }: Client) => deliveries.length

/** What a client stores: of each partition the last offset, and the epoch. */
async function resumeOf(client: Client): Promise<string> {
  const last = each.flatMap((partition) => {
    const offset = client.offsets(partition).at(-1)
    return offset === undefined ? [] : [[partition, String(offset)] as const]
  })
  const epoch = client.framesOf('replay_complete').at(-1)?.['epoch']
  const lastOffsetsByPartition = Object.fromEntries(last)
  return JSON.stringify({
    type: 'resume',
    mode: 'partition',
    from: 'cursor',
    lastOffsetsByPartition,
    epoch,
  })
}
const fromEarliest = JSON.stringify({ type: 'resume', mode: 'partition', from: 'earliest' })

test('every client sees every record, whichever replica it is on', () =>
  withTwo('whole', ['g-whole-0', 'g-whole-1'], async (one, other) => {
    const addresses = [one.address, one.address, other.address, other.address]
    const clients = await Promise.all(addresses.map((at) => Client.open(at, fromEarliest)))
    await produceToEach(one, 200)
    for (const client of clients) {
      await until('all records', () => countOf(client) >= 200 * partitions)
      for (const partition of each) expect(client.offsets(partition)).toEqual(range(0, 200))
      client.end()
    }
  }))

test('in one group each client sees a part, which this test would notice', () =>
  withTwo('parts', ['g-parts', 'g-parts'], async (one, other) => {
    const clients = await Promise.all([one, other].map(({ address }) => Client.open(address)))
    await until('a partition for each', async () => {
      const pages = await Promise.all([one, other].map(({ page }) => page('/readyz')))
      return pages.every(({ status }) => status === 'ready')
    })
    await produceToEach(one, 200)
    await until('all records, together', () => {
      return clients.reduce((sum, client) => sum + countOf(client), 0) >= 200 * partitions
    })
    expect(Math.max(...clients.map(countOf))).toBeLessThan(200 * partitions)
  }))

test('a client goes on on the other replica, which may be behind it', () =>
  withTwo('moves', ['g-moves-0', 'g-moves-1'], async (one, other) => {
    const places = [one, other]
    const versions = await Promise.all(places.map(({ page }) => page('/version')))
    const [first, second] = versions.map((version) => version['resume_namespace'])
    expect(first).toBe(second)
    const got = each.map((): bigint[] => [])
    let next = fromEarliest
    const moves = 12
    for (let move = 0; move < moves; move += 1) {
      const [here, there] = [places[move % 2]!, places[(move + 1) % 2]!]
      const client = await Client.open(here.address, next)
      // The one that it will move to reads nothing of this, and the client is there before it is.
      there.relay.process?.send('SIGSTOP')
      try {
        const known = got.reduce((sum, { length }) => sum + length, 0)
        for (let step = 0; step < 5; step += 1) await produceToEach(here, 10)
        await until(`move ${move}`, () => known + countOf(client) >= 50 * (move + 1) * partitions)
      } finally {
        there.relay.process?.send('SIGCONT')
      }
      for (const partition of each) got[partition]!.push(...client.offsets(partition))
      expect(client.frames.map(({ type }) => type)).toEqual(['replay_complete'])
      next = await resumeOf(client)
      client.end()
    }
    for (const partition of each) expect(got[partition]).toEqual(range(0, 50 * moves))
  }))

test('what a replica has never read, it replays from what the other stored', async () => {
  await bed.topics.create('late', partitions)
  await bed.topics.create('late-dlq', 1)
  const start = (kafkaGroupId: string, kafkaAutoOffsetReset: 'earliest' | 'latest') => {
    const own = { kafkaGroupId, kafkaAutoOffsetReset, replayGroupId: 'replicas-of-late' }
    return bed.placeOn('late', { ...settings, ...own })
  }
  const old = await start('g-late-0', 'earliest')
  const client = await Client.open(old.address, fromEarliest)
  await produceToEach(old, 100)
  await until('all records', () => countOf(client) >= 100 * partitions)
  const [first] = client.deliveries
  const resume = JSON.stringify({
    ...(JSON.parse(await resumeOf(client)) as object),
    lastOffsetsByPartition: { 0: String(first?.offset), 1: '9', 2: '99' },
  })
  await old.relay.stop()
  const late = await start('g-late-1', 'latest')
  const moved = await Client.open(late.address, resume)
  await until('the replay', () => moved.framesOf('replay_complete').length > 0)
  expect(moved.frames.map(({ type }) => type)).toEqual(['replay_complete'])
  expect(moved.offsets(1)).toEqual(range(10, 100))
  expect(moved.offsets(2)).toEqual([])
  await produceToEach(late, 5)
  const isNew = () => moved.offsets(1).length >= 95 && moved.offsets(2).length >= 5
  await until('what is new', isNew)
  expect(moved.offsets(1)).toEqual(range(10, 105))
  moved.end()
  await late.relay.stop()
})

/**
 * Where streams meet: replay and live, one group member and another, a relay and the one that
 * comes after it. A client must see no seam: every record once, in order.
 */
import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { Client } from '../wire/relay-client.ts'
import { many, range } from './records-testbed.ts'
import { Testbed, type Place } from './reference-testbed.ts'
import { joinRival } from './rival-testbed.ts'
import { repeat, until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

/** Produces without a pause until the work is done; returns how many records there are then. */
async function underLoad(place: Place, work: () => Promise<void>): Promise<number> {
  let produced = 0
  const end = repeat(5, async () => {
    await place.produce(many(50, 500))
    produced += 50
  })
  await work()
  await end()
  return produced
}

const resume = (client: Client, fields: Readonly<Record<string, unknown>>) =>
  client.send(JSON.stringify({ type: 'resume', ...fields }))

const isWhole = (client: Client, from: number, to: number) => {
  const offsets = client.offsets(0)
  return offsets.length === to - from && offsets.every((one, at) => one === BigInt(from + at))
}

describe('replay and live', () => {
  test('meet without a duplicate, a hole or a step back, whenever a client comes', async () => {
    // However busy the machine is, nothing live comes to a client before its first word.
    const place = await bed.place({ connectionsPerIpMax: 100, resumeGraceMs: 60_000 })
    const early = await Client.open(place.address, '{"type":"ping"}')
    await place.produce(many(500, 500))
    await until('the first records', () => early.deliveries.length === 500)
    const late: Client[] = []
    const fromHundred = '{"type":"resume","lastOffsetsByPartition":{"0":"99"}}'
    const produced = await underLoad(place, async () => {
      for (let count = 0; count < 20; count += 1) {
        late.push(await Client.open(place.address, fromHundred))
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

  test('a client that fell behind gets the records declared missing by a resume', async () => {
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
    // On the connection that it has; and again, which brings the same.
    for (let count = 1; count <= 2; count += 1) {
      resume(slow, { lastOffsetsByPartition: { 0: String(cursor) } })
      await until('the replay', () => slow.framesOf('replay_complete').length === count)
      const offsets = slow.offsets(0)
      const again = offsets.slice(offsets.lastIndexOf(cursor + 1n))
      expect(again).toEqual(range(Number(cursor) + 1, 2_000))
    }
    await place.produce(many(1))
    await until('a live record', () => slow.offsets(0).at(-1) === 2_000n)
    await place.relay.stop()
  })
})

const completions = (client: Client) => client.framesOf('replay_complete')

/** One record with events of a thread, or of several. */
function batch(...events: readonly (readonly [threadId: string, sequence: bigint])[]): Buffer {
  const bodies = events.map(([threadId, sequence]) => ({ header: { threadId, sequence } }))
  const message = { case: 'eventBatch', value: { header: {}, events: bodies } } as const
  return Buffer.from(encodeRecord(create(DashStreamMessageSchema, { message })))
}

const most = 2n ** 64n - 1n
const batches = [
  [
    batch(['a', 1n], ['b', 1n], ['a', 2n], ['a', 3n]),
    batch(['a', 4n], ['a', 6n], ['b', 2n]),
    batch(['b', 3n]),
    batch(['a', 9n], ['c', 2n ** 53n]),
  ],
  [batch(['d', 5n]), batch(['c', 2n ** 53n + 1n]), batch(['d', most]), batch(['e', 1n])],
]

/** Until all that was produced is in the buffer, Redis included. */
const kept = (place: Place) =>
  until('the buffer', async () => (await place.metric('relay_replay_redis_queue_bytes')) === 0)

describe('a resume after a restart', () => {
  let place: Place
  beforeAll(async () => {
    const first = await bed.place({}, 2)
    const witness = await Client.open(first.address)
    for (const [partition, values] of batches.entries()) {
      await first.produce([...values, ...many(146)], partition)
    }
    await until('all records', () => witness.deliveries.length === 300)
    await kept(first)
    await first.relay.stop()
    place = await bed.placeOn(first.topic, { replayRecordsMax: 100, sendTimeoutMs: 3_000 })
    await until('Redis', async () => (await place.metric('relay_replay_redis_connected')) === 1)
  })
  afterAll(() => place.relay.stop())

  test('by thread gets what it is owed, exactly its gaps, and live records then', async () => {
    const client = await Client.open(place.address)
    const sequences = { a: 2, b: '3', c: String(2n ** 53n), d: '6', unknown: 0 }
    resume(client, { lastSequencesByThread: sequences })
    await until('the replay', () => completions(client).length === 1)
    expect([client.offsets(0), client.offsets(1)]).toEqual([
      [0n, 1n, 3n],
      [1n, 2n],
    ])
    const gaps = client.framesOf('gap').map((gap) => {
      return [gap['threadId'], gap['firstSequence'], gap['lastSequence'], gap['partition']]
    })
    expect(gaps).toEqual([
      ['a', '5', '5', undefined],
      ['a', '7', '8', undefined],
      ['d', '7', String(most - 1n), undefined],
    ])
    expect(completions(client)[0]).toEqual({
      type: 'replay_complete',
      mode: 'thread',
      totalReplayed: 5,
      lastOffsetsByPartition: { 0: '3', 1: '2' },
      capped: false,
      schema_version: 1,
      epoch: expect.any(String) as string,
    })
    resume(client, { threadId: 'b', lastSequence: 1 })
    await until('the legacy pair', () => completions(client).length === 2)
    expect(client.offsets(0).slice(3)).toEqual([1n, 2n])
    resume(client, { mode: 'thread' })
    await until('nothing', () => completions(client).length === 3)
    expect(completions(client)[2]).toMatchObject({ mode: 'thread', totalReplayed: 0 })
    await place.produce([batch(['a', 10n])])
    await until('live again', () => client.offsets(0).at(-1) === 150n)
    expect(client.framesOf('gap')).toHaveLength(3)
  })

  test('that is capped goes on where it ended, and no live record overtakes the rest', async () => {
    const silent = await Client.open(place.address)
    resume(silent, { from: 'earliest' })
    const client = await Client.open(place.address)
    const cursors: Record<string, string> = {}
    let produced = 151
    for (let count = 1; ; count += 1) {
      resume(client, { lastOffsetsByPartition: cursors })
      const producing = place.produce(many(1))
      produced += 1
      await until('a replay', () => completions(client).length === count)
      const { lastOffsetsByPartition, capped } = completions(client)[count - 1]!
      Object.assign(cursors, lastOffsetsByPartition)
      await producing
      if (capped !== true) break
    }
    await place.produce(many(1), 1)
    await until('what is live', () => client.offsets(1).length === 151)
    await until('the rest', () => client.offsets(0).length >= produced)
    expect(completions(client).length).toBeGreaterThan(3)
    expect(client.offsets(0)).toEqual(range(0, produced))
    expect(client.offsets(1)).toEqual(range(0, 151))
    expect(client.framesOf('gap')).toEqual([])

    // A client that does not resume gets gaps for what it missed, before later live records.
    await until('the gaps', () => silent.framesOf('gap').length === 2)
    await place.produce(many(1))
    await until('the live records', () => silent.offsets(0).at(-1) === BigInt(produced))
    expect(completions(silent)).toMatchObject([{ capped: true, totalReplayed: 100 }])
    const ranges = silent.framesOf('gap').map((gap) => [gap['firstOffset'], gap['lastOffset']])
    const live = silent.offsets(0).slice(100)
    expect(ranges).toEqual([
      ['100', String(live[0]! - 1n)],
      ['0', '149'],
    ])
  })
})

describe('a rebalance', () => {
  test('costs the clients nothing and shows them nothing twice', async () => {
    const place = await bed.place({ kafkaHeartbeatMs: 500, lagIntervalMs: 1_000 })
    const client = await Client.open(place.address)
    const rebalances = () => place.metric('relay_rebalances_total')
    const produced = await underLoad(place, async () => {
      for (let count = 0; count < 2; count += 1) {
        const before = await rebalances()
        const { groupId, topic } = place
        const rival = await joinRival({ brokers: bed.stack.kafkaDirect, groupId, topic })
        const isIn = async () => (await rebalances()) > before && rival.taken > 100
        await until('the rival to be in', isIn)
        await rival.leave()
        await until('the rival to be out', async () => (await rebalances()) > before + 1)
      }
    })
    await until('all records', () => client.offsets(0).at(-1) === BigInt(produced - 1))
    expect(isWhole(client, 0, produced)).toBe(true)
    await place.relay.stop()
  })
})

/** Until it has this many records, or they are declared missing. */
async function readSlowly(client: Client, count: number): Promise<void> {
  while (client.deliveries.length < count && client.frames.length === 0) {
    client.stall()
    await sleep(clock, 80)
    client.read()
    await sleep(clock, 5)
  }
}

describe('when no client keeps up', () => {
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

/** One partition that waits, beside others: they flow, and it goes on in order, losing nothing. */
import { create } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { Client } from '../wire/relay-client.ts'
import { many, range } from './records-testbed.ts'
import { type Place, Testbed, withPlace } from './reference-testbed.ts'
import { joinRival } from './rival-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const settings = { commitIntervalMs: 200, kafkaHeartbeatMs: 500, lagIntervalMs: 1_000 }
/** A kilobyte that unpacks to eight megabytes, which take milliseconds to be judged. */
const large = (() => {
  const header = { threadId: 'large', sequence: 1n }
  const message = { case: 'event', value: { header, nodeId: 'x'.repeat(8_000_000) } } as const
  return Buffer.from(encodeRecord(create(DashStreamMessageSchema, { message })))
})()
/** One batch of them keeps partition 0 waiting for seconds. */
const blocked = 500

/** A relay whose partition 0 waits, and has begun to be read. */
async function withBlocked(work: (place: Place, client: Client) => Promise<void>) {
  await withPlace(bed.place(settings, 3), async (place) => {
    const client = await Client.open(place.address)
    await place.produce(Array<Buffer>(blocked).fill(large))
    await until('the first of partition 0', () => client.offsets(0).length > 0)
    await work(place, client)
    client.end()
  })
}
const committed = async ({ topic }: Place, partition: number) =>
  Math.max(0, Number(await bed.committed(topic, partition)))

test('others arrive while it waits, and it goes on with nothing lost, in order', async () => {
  await withBlocked(async (place, client) => {
    const behind = 20
    await place.produce(many(behind))
    for (let round = 1; round <= 10; round += 1) {
      await Promise.all([1, 2].map((partition) => place.produce(many(5), partition)))
      const isThere = (partition: number) => client.offsets(partition).length === 5 * round
      await until(`round ${round}`, () => isThere(1) && isThere(2))
    }
    expect(client.offsets(0).length).toBeLessThan(blocked)
    await until('the commits of others', async () => (await committed(place, 1)) === 50)
    const known = await committed(place, 0)
    expect(known).toBeLessThanOrEqual(client.offsets(0).length)
    await until('all of it', () => client.offsets(0).length >= blocked + behind)
    expect(client.offsets(0)).toEqual(range(0, blocked + behind))
    expect([1, 2].map((one) => client.offsets(one))).toEqual([range(0, 50), range(0, 50)])
    await until('its commit', async () => (await committed(place, 0)) === blocked + behind)
    expect(client.frames).toEqual([])
  })
})

test('a rebalance while it waits shows nothing twice and loses nothing', async () => {
  await withBlocked(async (place, client) => {
    const rebalances = () => place.metric('relay_rebalances_total')
    const before = await rebalances()
    const { groupId, topic } = place
    const brokers = bed.stack.kafkaDirect
    const rival = await joinRival({ brokers, groupId, topic, isCommitting: false })
    await until('the rival to be in', async () => (await rebalances()) > before)
    expect(client.offsets(0).length).toBeLessThan(blocked)
    await rival.leave()
    await until('the rival to be out', async () => (await rebalances()) > before + 1)
    await place.produce(many(5), 1)
    await until('all of it', () => client.offsets(0).length >= blocked)
    await until('the others', () => client.offsets(1).length >= 5)
    expect([0, 1].map((one) => client.offsets(one))).toEqual([range(0, blocked), range(0, 5)])
  })
})

test('a relay that stops while it waits has committed what its clients have', async () => {
  await withBlocked(async (place, client) => {
    await place.produce(many(5), 1)
    await until('the others', () => client.offsets(1).length === 5)
    expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
    const taken = client.offsets(0).length
    expect(taken).toBeLessThan(blocked)
    expect([await committed(place, 0), await committed(place, 1)]).toEqual([taken, 5])
    expect(client.offsets(0)).toEqual(range(0, taken))
  })
})

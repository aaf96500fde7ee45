/** Which ends of a connection are errors, and which are how brokers close idle ones. */
import { afterEach, expect, test } from 'vitest'
import { parseSettings } from '../tables/settings-parse.ts'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { apis, type Log, StandIn } from './broker-testbed.ts'
import { createKafka } from './kafka-client.ts'

const quiet = () => undefined
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function clientOf(log: Log) {
  const broker = new StandIn(log)
  const address = await broker.start()
  stops.push(() => broker.stop())
  const parsed = parseSettings({ KAFKA_BROKERS: address })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const codes: unknown[] = []
  const kafka = createKafka(parsed.settings, 'test', logger, ({ code }) => codes.push(code))
  return { broker, codes, kafka }
}

test.each(['admin', 'consumer', 'producer'] as const)(
  'an idle connection of the %s that the broker closes is no trouble, and made anew',
  async (kind) => {
    const { broker, codes, kafka } = await clientOf({ pieces: [] })
    const clients = {
      admin: () => kafka.admin(),
      consumer: () => kafka.consumer({ groupId: 'g' }),
      producer: () => kafka.producer(),
    }
    const client = clients[kind]()
    await client.connect()
    stops.push(() => client.disconnect())
    const admin = kafka.admin()
    await admin.connect()
    stops.push(() => admin.disconnect())
    expect((await admin.fetchTopicOffsets(broker.topic))[0]?.high).toBe('0')
    await sleep(clock, 20)
    expect(broker.hangUp()).toBeGreaterThanOrEqual(2)
    await sleep(clock, 50)
    expect((await admin.fetchTopicOffsets(broker.topic))[0]?.high).toBe('0')
    expect(codes).toEqual([])
  },
)

test('a connection that ends instead of an answer is an error', async () => {
  const { codes, kafka } = await clientOf({ pieces: [], hangsUpOn: apis.offsets })
  const admin = kafka.admin({ retry: { retries: 0 } })
  await admin.connect()
  stops.push(() => admin.disconnect())
  await expect(admin.fetchTopicOffsets('records')).rejects.toThrow(/connect/iu)
  expect(codes).toEqual(['EPIPE'])
})

test('a broker that accepts and closes is an error', async () => {
  const { codes, kafka } = await clientOf({ pieces: [], hangsUpOn: apis.versions })
  const admin = kafka.admin({ retry: { retries: 0 } })
  await expect(admin.connect()).rejects.toThrow(/connect/iu)
  expect(codes.length).toBeGreaterThan(0)
})

test('a broker that is gone is an error', async () => {
  const { broker, codes, kafka } = await clientOf({ pieces: [] })
  const admin = kafka.admin({ retry: { retries: 0 } })
  await admin.connect()
  stops.push(() => admin.disconnect())
  await broker.stop()
  await sleep(clock, 20)
  await expect(admin.fetchTopicOffsets('records')).rejects.toThrow(/connect/iu)
  expect(codes).toContain('ECONNREFUSED')
})

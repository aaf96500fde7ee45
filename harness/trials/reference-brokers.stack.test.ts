/**
 * What the reference relay makes of brokers as they are: far away, without a leader for a
 * partition, without the topic. Replays go on where they can, and health says what is not known.
 */
import { join } from 'node:path'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { freePort } from '../world/ports.ts'
import { standBetween } from './broker-between-testbed.ts'
import { Client } from '../wire/relay-client.ts'
import { contractOf } from '../targets/environment.ts'
import { many, poison, range } from './records-testbed.ts'
import { Testbed, type Place } from './reference-testbed.ts'
import { startRelay } from './relay-process-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'brokers-'))
  bed = await Testbed.open()
})
afterAll(async () => {
  await bed?.close()
  rmSync(folder, { recursive: true, force: true })
})

const resume = '{"type":"resume","from":"earliest"}'

/** What a client gets that asks for everything retained; the replay must be reported complete. */
async function replayed(place: Place): Promise<Client> {
  const client = await Client.open(place.address, resume)
  await until('the replay', () => client.framesOf('replay_complete').length === 1, 10_000)
  return client
}

test('a broker 250 ms away stops no replay, and the lag is known', async () => {
  const link = bed.stack.links.find(({ hop }) => hop === 'kafka')!
  const control = openToxiproxy(clock, bed.stack.toxiproxy)
  const name = 'far away'
  const attributes = { latency: 250 }
  await control.add(link, { name, type: 'latency', stream: 'downstream', attributes })
  try {
    const place = await bed.place({ lagIntervalMs: 1_000 }, 3, 'proxied')
    for (const partition of [0, 1, 2]) await place.produce(many(5), partition)
    const client = await replayed(place)
    await until('all of it', () => client.deliveries.length === 15)
    expect([0, 1, 2].map((one) => client.offsets(one))).toEqual([0, 1, 2].map(() => range(0, 5)))
    const polled = 'websocket_kafka_lag_poll_duration_seconds_count'
    await until('polls', async () => (await place.metric(polled)) >= 3)
    expect(await place.metric('websocket_kafka_lag_poll_failures_total')).toBe(0)
    const { status, metrics } = await place.page('/health')
    expect([status, metrics]).toMatchObject(['healthy', { records_waiting_in_kafka: 0 }])
    await place.relay.stop()
  } finally {
    await control.remove(link, name)
  }
})

test('a partition without a leader stops neither the others nor their replays', async () => {
  const between = await standBetween(bed.stack.kafkaDirect[0]!)
  between.leaderless.add(1)
  const topic = 'leaderless'
  await bed.topics.create(topic, 3)
  await bed.topics.create(`${topic}-dlq`, 1)
  try {
    const place = await bed.placeOn(topic, { lagIntervalMs: 1_000 }, [between.address])
    for (const partition of [0, 1, 2]) await place.produce(many(4), partition)
    const client = await replayed(place)
    await until('what has leaders', () => client.deliveries.length === 8)
    expect([0, 1, 2].map((one) => client.offsets(one).length)).toEqual([4, 0, 4])
    await until('a lag', async () => (await place.metric('relay_assigned_partitions')) === 3)
    const { alert, metrics } = await place.page('/health')
    expect(alert).toContain('the start offset of partition 1')
    expect(metrics).toMatchObject({ brokers_silent: false, partitions_without_start: 1 })
    between.leaderless.clear()
    await until('the rest', () => client.deliveries.length === 12, 60_000)
    expect(client.offsets(1)).toEqual(range(0, 4))
    expect(await place.metric('relay_rebalances_total')).toBe(1)
    await place.relay.stop()
  } finally {
    between.close()
  }
})

test('a topic that is not there is named, and relayed as soon as it is', async () => {
  const port = await freePort('missing')
  const env = contractOf(bed.task('missing', { lagIntervalMs: 1_000 }), port)
  const logFile = join(folder, 'missing.log')
  const relay = await startRelay(bed.world, { env, logFile })
  const page = async (path: string) => {
    const answered = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    return JSON.stringify((await answered?.json()) ?? null)
  }
  await until('its name', async () => (await page('/readyz')).includes('kafka_topic missing'))
  expect(await page('/health')).toContain('Kafka has no topic \\"missing\\"')
  await until('a line of the log', () => readFileSync(logFile).includes('does not exist'))
  await bed.topics.create('missing', 1)
  await bed.produce('missing', many(2))
  await until('readiness', async () => (await page('/readyz')).includes('"ready"'))
  const client = await Client.open(`127.0.0.1:${port}`, resume)
  await until('the records', () => client.deliveries.length === 2)
  expect(await page('/health')).not.toContain('no topic')

  // Nor is the topic of dead letters.
  await bed.produce('missing', [poison])
  await until('the loss', async () => (await page('/health')).includes('1 dead letters were lost'))
  await bed.topics.create('missing-dlq', 1)
  await bed.produce('missing', [poison])
  await until('the letter', async () => (await bed.topics.ends('missing-dlq'))[0]?.end === '1')
  await relay.stop(5_000)
})

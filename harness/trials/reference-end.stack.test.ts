/** How the reference relay ends: with its servers and clients at their worst, and at any moment. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { kafkaClient } from '../stack/kafka.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { repoRoot } from '../world/places.ts'
import { freePort } from '../world/ports.ts'
import { Client } from '../wire/relay-client.ts'
import { poison, record } from './records-testbed.ts'
import { Testbed } from './reference-testbed.ts'
import { joinRival } from './rival-testbed.ts'
import { until } from './until-testbed.ts'
import { endEarly, launch } from './restarts-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

async function blackHoleKafka(): Promise<() => Promise<void>> {
  const control = openToxiproxy(clock, bed.stack.toxiproxy)
  const link = bed.stack.links.find(({ hop }) => hop === 'kafka')!
  for (const stream of ['upstream', 'downstream'] as const) {
    await control.add(link, { name: stream, type: 'timeout', stream, attributes: { timeout: 0 } })
  }
  return async () => {
    for (const name of ['upstream', 'downstream']) await control.remove(link, name)
  }
}

test('with a dead broker and a dead client, others get all there is, and a farewell', async () => {
  await bed.topics.create('dead', 1)
  await bed.topics.create('dead-dlq', 1)
  const place = await bed.placeOn('dead', {}, 'proxied')
  const [quick, slow, dead] = await Promise.all([0, 1, 2].map(() => Client.open(place.address)))
  slow!.stall()
  dead!.stall()
  const values = Array.from({ length: 16 }, (_, number) => record(number, 900_000))
  for (const value of values) await place.produce([value])
  await until('all records', () => quick!.deliveries.length === values.length)
  const heal = await blackHoleKafka()
  const startMs = clock.nowMs()
  const ending = place.relay.stop()
  const quickMs = until('its end', () => quick!.isEnded).then(() => clock.nowMs() - startMs)
  await sleep(clock, 300)
  slow!.read()
  expect(await ending).toEqual({ code: 0, isKilled: false })
  const tookMs = clock.nowMs() - startMs
  await heal()
  expect(tookMs).toBeLessThan(15_000)
  expect([quick!.closeCode, slow!.closeCode]).toEqual([1_001, 1_001])
  expect(slow!.deliveries).toHaveLength(values.length)
  expect(await quickMs).toBeLessThan(tookMs / 2)
})

test.concurrent.each([
  ['reads', 'head -c 65536 /dev/zero >&3', ''],
  ['will ever read', 'true', '3<&-'],
])('with a log that no process %s, it delivers and ends as always', async (_, fill, more) => {
  const pipe = join(bed.world.makeFolder('log'), 'pipe')
  const relay = `'${process.execPath}' '${join(repoRoot, 'relay/main.ts')}'`
  const opened = `mkfifo '${pipe}' && exec 3<>'${pipe}' && ${fill}`
  const command = `${opened} && exec ${relay} >'${pipe}' ${more}`
  const place = await bed.place({}, 1, 'direct', { kind: 'command', command, isShell: true })
  const client = await Client.open(place.address)
  await place.produce([record(0), poison, record(2)])
  await until('both records', () => client.deliveries.length === 2)
  expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
  expect(client.closeCode).toBe(1_001)
})

test('at any moment of its start, nothing is lost', async () => {
  const seed = String(clock.unixMs())
  const { lives, owed, replayed } = await endEarly(bed, seed, 3)
  process.stdout.write(`seed ${seed}: ${JSON.stringify(lives)}\n`)
  expect(replayed).toBe(owed)
  for (const { exit, tookMs } of lives) {
    expect(exit).toEqual({ code: 0, signal: null })
    expect(tookMs).toBeLessThan(15_000)
  }
})

test('in the middle of a join, it leaves no member that the group would wait for', async () => {
  await bed.topics.create('joining', 1)
  const brokers = bed.stack.kafkaDirect
  const admin = kafkaClient('other', brokers).admin()
  await admin.connect()
  // Until its next heartbeat it does not know that it is to join again: so long the relay joins.
  const heartbeat = { heartbeatInterval: 1_000, maxWaitTimeInMs: 100 }
  const other = await joinRival({ brokers, groupId: 'g-joining', topic: 'joining', ...heartbeat })
  const group = async () => (await admin.describeGroups(['g-joining'])).groups[0]
  await until('the other to be in', async () => (await group())?.state === 'Stable')
  const relay = await launch(bed, 'joining', await freePort('joining'))
  await until('the relay to join', async () => (await group())?.state === 'PreparingRebalance')
  expect(await relay.stop(15_000)).toEqual({ code: 0, signal: null })
  await until('the other alone', async () => {
    const { members = [], state } = (await group()) ?? {}
    return state === 'Stable' && members.length === 1
  })
  await Promise.all([other.leave(), admin.disconnect()])
})

test('standing still, it counts down, says farewell and asks for a fresh process', async () => {
  const place = await bed.place({
    breakerMs: 3_000,
    lagIntervalMs: 1_000,
    sendTimeoutMs: 60_000,
    ringBytesMax: 1_024 * 1_024,
  })
  const breaker = async () => (await place.page('/health'))['circuit_breaker']
  const client = await Client.open(place.address)
  expect(await breaker()).toMatchObject({ state: 'healthy' })
  client.stall()
  for (let batch = 0; batch < 24; batch += 1) await place.produce([record(batch, 900_000)])
  await until('the countdown', async () => {
    return ((await breaker()) as { state: string }).state === 'will_restart_soon'
  })
  await until('the end to begin', async () => {
    return JSON.stringify(await place.page('/readyz')).includes('shutdown')
  })
  client.read()
  await until('the farewell', () => client.isEnded)
  expect(client.closeCode).toBe(1_001)
  expect(await place.relay.stop()).toEqual({ code: 75, isKilled: false })
})

/** The native stack on real servers: what goes through a proxy, what does not, and how it ends. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { ownedBy } from '../world/processes.ts'
import { isTaken } from '../world/ports.ts'
import { isTrouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import { kafkaClient, type Kafka } from './kafka.ts'
import { startNativeStack } from './native.ts'
import type { Address } from './ways.ts'
import type { Link, Stack } from './stack.ts'
import { openTopics } from './topics.ts'
import { openToxiproxy, type ToxiproxyControl } from './toxiproxy.ts'

const state = mkdtempSync(join(tmpdir(), 'native-'))
let world: World
let stack: Stack
let control: ToxiproxyControl
let through: Kafka

beforeAll(async () => {
  world = await openWorld(clock, state)
  stack = await startNativeStack({ world, report: () => undefined })
  control = openToxiproxy(clock, stack.toxiproxy)
  through = kafkaClient('test', stack.kafkaProxied)
})
afterAll(async () => {
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const link = (name: string) => stack.links.find((one) => one.name === name) as Link
const portOf = (address: Address) => Number(address.split(':')[1])

/** What a Redis answers to PING; the reason when nothing came within a second. */
function ping(url: string): Promise<string> {
  return withDeadline(clock, 1_000, 'PING', (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
    signal.addEventListener('abort', () => socket.destroy())
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      resolve(text.trim())
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed')))
    socket.write('PING\r\n')
    return promise
  }).catch((error: Error) => error.name)
}

/** Writes one value and reads it back, on one client. */
async function roundTrip(kafka: Kafka, topic: string, value: string): Promise<string | undefined> {
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: `test-${value}` })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  try {
    await producer.connect()
    await producer.send({ topic, messages: [{ value }] })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
    return await withDeadline(clock, 10_000, 'the record', () => promise)
  } finally {
    await consumer.disconnect()
    await producer.disconnect()
  }
}

test('servers say which versions they are, and have processes of ours', () => {
  expect(stack.versions['kafka']).toMatch(/^4\.\d+\.\d+$/)
  expect(stack.versions['redis']).toMatch(/^\d+\.\d+\.\d+$/)
  expect(stack.versions['toxiproxy']).toMatch(/^\d+\.\d+\.\d+$/)
  const owned = new Set(ownedBy(world.mark).map(({ pid }) => pid))
  expect(Object.keys(stack.pids).sort()).toEqual(['kafka', 'redis', 'toxiproxy'])
  // Redis writes its title over the place where its variables were.
  expect(owned.has(stack.pids['kafka'] as number)).toBe(true)
  expect(owned.has(stack.pids['toxiproxy'] as number)).toBe(true)
})

test('the broker has taken over classes that were made ready before', () => {
  expect(readFileSync(`/proc/${stack.pids['kafka']}/maps`, 'utf8')).toContain('/kafka-classes-')
})

test('Kafka sends clients of the proxied listener back to the proxy, and only there', async () => {
  const admin = through.admin()
  await admin.connect()
  const { brokers } = await admin.describeCluster()
  await admin.disconnect()
  expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(stack.kafkaProxied)
})

test('records go through the proxied listener, and stop when its link is cut', async () => {
  const topics = await openTopics(clock, stack.kafkaDirect)
  await topics.create('round-trip', 1)
  expect(await roundTrip(through, 'round-trip', 'hello')).toBe('hello')

  await control.setEnabled(link('kafka'), false)
  const lost = kafkaClient('lost', stack.kafkaProxied).admin()
  await expect(lost.connect()).rejects.toThrow(/Connection error|ECONNREFUSED|closed/i)
  await lost.disconnect()
  expect(await topics.ends('round-trip')).toEqual([{ partition: 0, start: '0', end: '1' }])

  await control.setEnabled(link('kafka'), true)
  const found = kafkaClient('found', stack.kafkaProxied).admin()
  await found.connect()
  await found.disconnect()
  await topics.remove(['round-trip', 'never-there'])
  expect(await topics.list()).not.toContain('round-trip')
  await topics.close()
})

test('a topic that does not exist is an error, not a new topic', async () => {
  const topics = await openTopics(clock, stack.kafkaDirect)
  await expect(topics.ends('misspelt')).rejects.toSatisfy((error) =>
    isTrouble(error, 'kafka-failed'),
  )
  expect(await topics.list()).not.toContain('misspelt')
  await topics.close()
})

test('a toxic hits the proxied way until it is removed, and never the direct one', async () => {
  expect(await ping(stack.redisDirect)).toBe('+PONG')
  expect(await ping(stack.redisProxied)).toBe('+PONG')
  const stall = { name: 'stall', type: 'bandwidth', stream: 'downstream' } as const
  await control.add(link('redis'), { ...stall, attributes: { rate: 0 } })
  expect(await ping(stack.redisProxied)).toBe('DeadlineError')
  expect(await ping(stack.redisDirect)).toBe('+PONG')
  await control.remove(link('redis'), 'stall')
  await control.remove(link('redis'), 'stall')
  expect(await ping(stack.redisProxied)).toBe('+PONG')
})

test('a request that Toxiproxy cannot fulfil is refused with what was asked', async () => {
  const wrong: Link = { ...link('redis'), name: 'absent' }
  const toxic = { name: 'x', type: 'latency', stream: 'downstream', attributes: {} } as const
  await expect(control.add(wrong, toxic)).rejects.toSatisfy(
    (error) =>
      isTrouble(error, 'toxiproxy-refused') && /add the toxic x to absent.*404/.test(error.message),
  )
})

test('client links come and go; the links of the servers stay', async () => {
  const upstream = stack.redisDirect.replace('redis://', '')
  const made = await stack.addClientLink('fast', upstream)
  expect(made).toMatchObject({ name: 'clients-fast', hop: 'clients', upstream })
  expect(await ping(`redis://${made.listen}`)).toBe('+PONG')
  await stack.removeClientLinks()
  expect(stack.links.map(({ name }) => name)).toEqual(['kafka', 'redis'])
  expect(await isTaken(portOf(made.listen))).toBe(false)
})

test('a wedged control API is detected in time, and its proxies are created again', async () => {
  await control.setEnabled(link('redis'), true)
  const pid = stack.pids['toxiproxy'] as number
  process.kill(pid, 'SIGSTOP')
  // A thread that runs on another processor may answer for a moment yet.
  await expect.poll(() => threadStates(pid)).toEqual(new Set(['T']))
  const startedMs = clock.nowMs()
  await expect(control.version()).rejects.toSatisfy((error) => isTrouble(error, 'toxiproxy-wedged'))
  expect(clock.nowMs() - startedMs).toBeLessThan(15_000)
  await stack.recreateProxies()
  expect(await control.version()).toBe(stack.versions['toxiproxy'])
  expect(await ping(stack.redisProxied)).toBe('+PONG')
  const admin = through.admin()
  await admin.connect()
  await admin.disconnect()
})

function threadStates(pid: number): Set<string | undefined> {
  const folder = `/proc/${pid}/task`
  const stats = readdirSync(folder).map((one) => readFileSync(`${folder}/${one}/stat`, 'latin1'))
  return new Set(stats.map((stat) => stat.split(') ').at(-1)?.[0]))
}

describe('a second stack in the same world', () => {
  test('has ports and data of its own, and leaves nothing when it stops', async () => {
    const second = await startNativeStack({ world, report: () => undefined })
    const addresses = [...second.kafkaDirect, ...second.kafkaProxied, ...stack.kafkaDirect]
    expect(new Set(addresses).size).toBe(3)
    const pids = Object.values(second.pids)
    expect(readdirSync(state).filter((name) => name.startsWith('stack-'))).toHaveLength(2)
    await second.stop()
    await second.stop()
    expect(readdirSync(state).filter((name) => name.startsWith('stack-'))).toHaveLength(1)
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
    const ports = [...second.kafkaDirect, ...second.kafkaProxied].map(portOf)
    const urls = [second.redisDirect, second.redisProxied, second.toxiproxy]
    const all = [...ports, ...urls.map((url) => Number(new URL(url).port))]
    expect(await Promise.all(all.map(isTaken))).toEqual(all.map(() => false))
  })

  test('says so when the ports are taken, and leaves nothing either', async () => {
    const taken = portOf(stack.kafkaDirect[0] as Address)
    const choosePorts = async (count: number) => ({
      ports: Array.from({ length: count }, () => taken),
      release: async () => undefined,
    })
    const before = ownedBy(world.mark).length
    const starting = startNativeStack({ world, report: () => undefined, choosePorts })
    await expect(starting).rejects.toSatisfy(
      (error) => isTrouble(error, 'port-taken') && error.message.includes(`port ${taken}`),
    )
    expect(ownedBy(world.mark)).toHaveLength(before)
    expect(readdirSync(state).filter((name) => name.startsWith('stack-'))).toHaveLength(1)
  })
})

/**
 * The replay buffer on real Redis servers that are reached and refuse: a replica after a failover,
 * a cluster, one whose memory is full, one that has forgotten scripts or learnt another password.
 * The refusal is logged by name, once. If a new connection helps, it is made within seconds.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TieredReplayStore } from '../../relay/replay/store.ts'
import type { Settings } from '../../relay/tables/settings.ts'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { openWorld, type World } from '../world/world.ts'
import { OneAddress } from './one-address-testbed.ts'
import { numbers, RedisServer, records, replayed, storeOn, written } from './replay-testbed.ts'
import { until as untilWithin } from './until-testbed.ts'

const { signal } = new AbortController()
/** What "within seconds" means. */
const withinMs = 8_000
const until = (what: string, holds: () => boolean | Promise<boolean>, limitMs = withinMs) =>
  untilWithin(what, holds, limitMs)

let world: World
let ends: (() => unknown)[] = []
let tools: Awaited<ReturnType<typeof ensureTools>>
beforeAll(async () => {
  world = await openWorld(clock)
  tools = await ensureTools(['redis'], () => undefined)
})
afterAll(() => world?.close())
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function started(more: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const server = new RedisServer(world, tools.redis, more)
  await server.start()
  ends.push(() => server.kill())
  return server
}

/** A store with a small memory, so that what it shows of the past is what Redis has. */
function opened(url: string, more: Partial<Settings> = {}) {
  const bed = storeOn(url, { replayMemoryRecordsMax: 10, ...more })
  ends.push(() => bed.store.close())
  return bed
}

const isUp = (store: TieredReplayStore) => store.status()['redis_connected'] === true
const refusal = (store: TieredReplayStore) => store.status()['redis_refusal']
const isToldOnce = (told: readonly string[], reason: string) =>
  told.filter((line) => line === `refused: ${reason}`).length === 1

/** One of two that replicate, behind one address. */
async function pair() {
  const [first, second] = [await started(), await started()]
  await second.run(['REPLICAOF', '127.0.0.1', first.port])
  await until('the replica has what the first has', async () => {
    const [role] = await second.run(['ROLE'])
    return Array.isArray(role) && String(role[3]) === 'connected'
  })
  const address = await OneAddress.open(first.port)
  ends.push(() => address.close())
  return { first, second, address }
}

describe('after a failover behind one address', () => {
  test('the new primary is written within seconds, and the refusal is logged by name', async () => {
    const { first, second, address } = await pair()
    const { store, told, epochs, metrics } = opened(address.url)
    await store.open('v1_test')
    store.add(records(0, 0, 99))
    await written(store)
    const before = store.epoch
    await until('it is replicated', async () => Number((await second.run(['DBSIZE']))[0]) >= 4)
    await second.run(['REPLICAOF', 'NO', 'ONE'])
    await first.run(['REPLICAOF', '127.0.0.1', second.port])
    // What is refused meanwhile was surely not stored: it is kept, and written where it can be.
    for (const from of [100, 110, 120]) {
      store.add(records(0, from, from + 9))
      await new Promise((resolve) => clock.after(100, () => resolve(undefined)))
    }
    await until('it is told', () => refusal(store) === 'read_only')
    address.leadTo(second.port)
    await until('both connections are with the new primary', () => isUp(store))
    store.add(records(0, 130, 149))
    await written(store)
    const { offsets, missing } = await replayed(store, 0, -1n, 150n)
    expect([offsets, missing]).toEqual([numbers(0, 149), []])
    expect([epochs, store.epoch]).toEqual([[], before])
    expect(isToldOnce(told, 'read_only')).toBe(true)
    expect(metrics.redisRefusals.of({ reason: 'read_only' }).total).toBeGreaterThan(0)
    expect([refusal(store), metrics.redisWriteFailures.total]).toEqual([null, 0])
  })

  test('that nothing is written in is noticed as well, by both connections', async () => {
    const { first, second, address } = await pair()
    const { store } = opened(address.url)
    await store.open('v1_test')
    store.add(records(0, 0, 99))
    await written(store)
    await until('it is replicated', async () => Number((await second.run(['DBSIZE']))[0]) >= 4)
    await second.run(['REPLICAOF', 'NO', 'ONE'])
    await first.run(['REPLICAOF', '127.0.0.1', second.port])
    address.leadTo(second.port)
    const at = async () => String((await second.run(['CLIENT', 'LIST', 'TYPE', 'normal']))[0])
    const both = async () => (await at()).split('\n').filter((line) => line !== '').length >= 3
    await until('both connections are with the new primary', both)
    await until('both are up', () => isUp(store))
    expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
  })

  test('a Redis that was a replica from the start is no Redis, and says why', async () => {
    const { second } = await pair()
    const { store, told } = opened(second.url)
    await store.open('v1_test')
    store.add(records(0, 0, 99))
    await until('it is told', () => refusal(store) === 'read_only')
    expect(isUp(store)).toBe(false)
    await second.run(['REPLICAOF', 'NO', 'ONE'])
    await until('it is a primary now', () => isUp(store))
    await written(store)
    expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
    expect(isToldOnce(told, 'read_only')).toBe(true)
  })
})

describe('a Redis Cluster', () => {
  const cluster = { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' }

  test('holds the whole buffer on one node', async () => {
    const node = await started(cluster)
    await node.run(['CLUSTER', 'ADDSLOTSRANGE', 0, 16_383])
    await until('it is formed', async () => {
      return String((await node.run(['CLUSTER', 'INFO']))[0]).includes('cluster_state:ok')
    })
    const { store, metrics } = opened(node.url)
    await store.open('v1_test')
    store.add([...records(0, 0, 99), ...records(7, 0, 99)])
    await written(store)
    expect(metrics.redisWriteFailures.total).toBe(0)
    expect(await store.partitions(signal)).toEqual({ found: [0, 7] })
    expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
    const { isCleared, keys } = await store.clear(signal)
    expect([isCleared, keys]).toEqual([true, 5])
    expect(refusal(store)).toBe(null)
  })

  test('is followed to the node that has it', async () => {
    const [one, other] = [await started(cluster), await started(cluster)]
    await one.run(['CLUSTER', 'ADDSLOTSRANGE', 0, 8_191])
    await other.run(['CLUSTER', 'ADDSLOTSRANGE', 8_192, 16_383])
    await one.run(['CLUSTER', 'MEET', '127.0.0.1', other.port])
    const isFormed = async (node: RedisServer) =>
      String((await node.run(['CLUSTER', 'INFO']))[0]).includes('cluster_state:ok')
    const areFormed = async () => (await isFormed(one)) && (await isFormed(other))
    await until('it is formed', areFormed, 20_000)
    for (const { url } of [one, other]) {
      const { store, metrics } = opened(url)
      await store.open('v1_test')
      await until('it is found', () => isUp(store))
      store.add(records(0, 0, 99))
      await written(store)
      expect(metrics.redisWriteFailures.total).toBe(0)
      expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
      await store.close()
    }
    const sizes = await Promise.all([one, other].map((node) => node.run(['DBSIZE'])))
    expect(new Set(sizes.flat())).toEqual(new Set([0, 4]))
  })

  test('that has no slots is logged by name', async () => {
    const node = await started(cluster)
    const { store } = opened(node.url)
    await store.open('v1_test')
    await until('it is told', () => refusal(store) === 'cluster_down')
    expect(isUp(store)).toBe(false)
  })
})

describe('scripts that Redis has forgotten', () => {
  test('cost no read: the first resume has what Redis has', async () => {
    const server = await started()
    const { store, metrics } = opened(server.url)
    await store.open('v1_test')
    store.add(records(0, 0, 99))
    await written(store)
    await server.run(['SCRIPT', 'FLUSH', 'SYNC'])
    const all = new Map([[0, { oldest: 0n, newest: 99n }]])
    expect(await store.retained([0], signal)).toEqual({ found: all })
    await server.run(['SCRIPT', 'FLUSH', 'SYNC'])
    const { offsets, degraded } = await replayed(store, 0, -1n, 100n)
    expect([offsets, [...degraded]]).toEqual([numbers(0, 99), []])
    expect(metrics.redisConnects.total).toBe(1)
  })

  test('cost no write and no reset', async () => {
    const server = await started()
    const { store, metrics, lost } = opened(server.url)
    await store.open('v1_test')
    for (let from = 0; from < 400; from += 100) {
      await server.run(['SCRIPT', 'FLUSH', 'SYNC'])
      store.add([...records(0, from, from + 99), ...records(1, from, from + 99)])
      await written(store)
    }
    expect([lost('refused'), metrics.redisWriteFailures.total]).toEqual([0, 0])
    for (const partition of [0, 1]) {
      expect((await replayed(store, partition, -1n, 400n)).offsets).toEqual(numbers(0, 399))
    }
    await server.run(['SCRIPT', 'FLUSH', 'SYNC'])
    expect((await store.clear(signal)).isCleared).toBe(true)
    expect(metrics.redisConnects.total).toBe(1)
  })

  test('keep the order of what is under way', async () => {
    const server = await started()
    const { store, metrics } = opened(server.url, { redisTimeoutMs: 5_000 })
    await store.open('v1_test')
    let at = 0
    for (let round = 0; round < 10; round++) {
      server.freeze()
      for (let batch = 0; batch < 8; batch++, at += 20) {
        store.add(records(0, at, at + 19, 30_000))
        await new Promise((resolve) => setImmediate(resolve))
      }
      server.thaw()
      await server.run(['SCRIPT', 'FLUSH', 'SYNC'])
      await written(store)
      // It may have come last: the next round begins with scripts that are known again.
      store.add(records(0, at, at))
      at += 1
      await written(store)
    }
    const { offsets, missing } = await replayed(store, 0, -1n, BigInt(at))
    expect([offsets.length, missing]).toEqual([at, []])
    expect(metrics.redisWriteFailures.total).toBe(0)
  })
})

describe('a Redis that', () => {
  test('is full and may not evict is logged by name, and so is its end', async () => {
    const server = await started()
    const { store, told, lost } = opened(server.url)
    await store.open('v1_test')
    store.add(records(0, 0, 9))
    await written(store)
    await server.run(['CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction'])
    store.add(records(0, 10, 99))
    await until('it is told', () => refusal(store) === 'out_of_memory')
    await until('the loss is counted', () => lost('refused') === 90)
    expect(isUp(store)).toBe(true)
    const { offsets, missing } = await replayed(store, 0, -1n, 100n)
    expect(offsets.length + missing.length).toBe(100)
    await server.run(['CONFIG', 'SET', 'maxmemory', '0'])
    store.add(records(0, 100, 109))
    await until('it is over', () => refusal(store) === null)
    expect(isToldOnce(told, 'out_of_memory')).toBe(true)
  })

  test('misses its replicas, or cannot save, is logged by name', async () => {
    const server = await started()
    const { store } = opened(server.url)
    await store.open('v1_test')
    await server.run(['CONFIG', 'SET', 'min-replicas-to-write', '1'])
    await until('it is told', () => refusal(store) === 'no_replicas')
    expect(isUp(store)).toBe(true)
    await server.run(['CONFIG', 'SET', 'min-replicas-to-write', '0'])
    await until('it is over', () => refusal(store) === null)
  })

  test('has another password is logged by name at the next connection', async () => {
    const server = await started()
    await server.run(['CONFIG', 'SET', 'requirepass', 'first-secret'])
    const url = server.url.replace('//', '//:first-secret@')
    const { store, told } = opened(url)
    await store.open('v1_test')
    expect(isUp(store)).toBe(true)
    await server.run(
      ['AUTH', 'first-secret'],
      ['CONFIG', 'SET', 'requirepass', 'second-secret'],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
    )
    await until('it is told', () => refusal(store) === 'wrong_password')
    expect(isUp(store)).toBe(false)
    expect(told.join(' ')).not.toMatch(/secret/)
    expect(isToldOnce(told, 'wrong_password')).toBe(true)
    const downs = told.filter((line) => line.startsWith('down'))
    expect(downs.length).toBeLessThanOrEqual(2)
  })

  test('requires a password that the relay does not have is logged by name', async () => {
    const server = await started()
    await server.run(['CONFIG', 'SET', 'requirepass', 'secret'])
    const { store } = opened(server.url)
    await store.open('v1_test')
    await until('it is told', () => refusal(store) === 'no_password')
    expect(isUp(store)).toBe(false)
  })

  test('forbids a command is logged by name, although it is connected', async () => {
    const server = await started()
    await server.run(['ACL', 'SETUSER', 'default', '-xadd'])
    const { store, lost } = opened(server.url)
    await store.open('v1_test')
    store.add(records(0, 0, 99))
    await until('it is told', () => refusal(store) === 'no_permission')
    await until('the loss is counted', () => lost('refused') === 100)
    expect((await replayed(store, 0, -1n, 100n)).missing.length).toBe(90)
  })

  test('is asked for a database that it does not have is not used as another', async () => {
    const server = await started()
    const { store } = opened(`${server.url}/99`)
    await store.open('v1_test')
    await until('it is told', () => refusal(store) === 'no_database')
    expect(isUp(store)).toBe(false)
    expect(await server.run(['DBSIZE'])).toEqual([0])
  })
})

/**
 * The reset of the replay buffer on a real Redis: what was added before it is never shown again, by
 * this relay or another of the namespace, also with writes in progress.
 */
import { describe, expect, test } from 'vitest'
import { until } from './until-testbed.ts'
import { numbers, records, replayed, useReplayBed, written } from './replay-testbed.ts'

const { signal } = new AbortController()

const bed = useReplayBed()
const { connected } = bed

describe('a reset', () => {
  test('forgets everything that was added before it, under concurrent writes too', async () => {
    const { store, epochs } = await connected()
    const { epoch } = store
    for (let from = 0; from < 2_000; from += 20) {
      store.add(records(from % 3, from, from + 19))
      if (from % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const clearing = store.clear(signal)
    for (let from = 2_000; from < 2_100; from += 20) store.add(records(0, from, from + 19))
    const { isCleared, keys } = await clearing
    expect(isCleared).toBe(true)
    expect(keys).toBeGreaterThan(0)
    await written(store)
    expect([epochs, store.epoch === epoch]).toEqual([['cleared'], false])
    expect((await replayed(store, 0, -1n, 2_100n)).offsets).toEqual(numbers(2_000, 2_099))
    expect((await replayed(store, 1, -1n, 2_000n)).offsets).toEqual([])
    const next = await connected()
    expect(next.store.epoch).toBe(store.epoch)
    expect(await next.store.partitions(signal)).toEqual({ found: [0] })
  })

  test('that did not reach Redis says so, shows nothing old, and is repeated later', async () => {
    const { store } = await connected({ redisTimeoutMs: 200 })
    store.add(records(0, 0, 99))
    await written(store)
    bed.redis.freeze()
    expect(await store.clear(signal)).toEqual({ isCleared: false, keys: 0 })
    store.add(records(0, 100, 109))
    expect((await replayed(store, 0, -1n, 110n)).offsets).toEqual(numbers(100, 109))
    bed.redis.thaw()
    await until('Redis is reached', () => store.status()['redis_connected'] === true)
    await written(store)
    expect((await replayed(store, 0, -1n, 110n)).offsets).toEqual(numbers(100, 109))
    expect((await connected()).store.epoch).toBe(store.epoch)
  })

  test('that Redis refuses shows nothing old either, and is tried again', async () => {
    const { store } = await connected()
    store.add(records(0, 0, 99))
    await written(store)
    await bed.redis.run(['ACL', 'SETUSER', 'default', '-unlink'])
    expect(await store.clear(signal)).toEqual({ isCleared: false, keys: 0 })
    const { offsets, degraded } = await replayed(store, 0, -1n, 100n)
    expect([offsets, [...degraded]]).toEqual([[], ['Redis still holds data from before a reset']])
    await bed.redis.run(['ACL', 'SETUSER', 'default', '+unlink'])
    await until('Redis is reached', () => store.status()['redis_connected'] === true)
    expect((await replayed(store, 0, -1n, 100n)).degraded.size).toBe(0)
    expect(await store.partitions(signal)).toEqual({ found: [] })
  })

  test('by one relay is a new epoch for the other', async () => {
    const [one, other] = [await connected(), await connected()]
    one.store.add(records(0, 0, 9))
    other.store.add(records(1, 0, 9))
    await Promise.all([written(one.store), written(other.store)])
    await one.store.clear(signal)
    other.store.add(records(1, 10, 19))
    await until('the reset is noticed', () => other.epochs.includes('foreign'))
    expect(other.store.epoch).toBe(one.store.epoch)
    expect((await replayed(other.store, 1, -1n, 10n)).offsets).toEqual([])
  })

  test('by one relay hides what the other has in memory and in its queue', async () => {
    const memory = { replayMemoryRecordsMax: 1_000 }
    const [one, other] = [await connected(memory), await connected(memory)]
    other.store.add(records(1, 0, 99))
    await written(other.store)
    await one.store.clear(signal)
    // The first answer of Redis reveals it; from then on nothing of memory is shown.
    const degraded = 'Redis holds another epoch'
    expect(await other.store.retained([1], signal)).toEqual({ found: new Map(), degraded })
    expect(other.epochs.at(-1)).toBe('foreign')
    const { offsets } = await replayed(other.store, 1, -1n, 100n)
    expect(offsets).toEqual([])
    expect(await other.store.partitions(signal)).toEqual({ found: [] })
    const [left] = await bed.redis.run(['KEYS', '*:partition*'])
    expect(left).toEqual([])
  })

  test('by one relay is not undone by what the other had still to write', async () => {
    const [one, other] = [await connected(), await connected()]
    one.store.add(records(0, 0, 9))
    await written(one.store)
    for (let from = 0; from < 20_000; from += 1_000) {
      other.store.add(records(1, from, from + 999, 500))
    }
    await one.store.clear(signal)
    const { epoch } = one.store
    for (let from = 20_000; from < 25_000; from += 1_000) {
      other.store.add(records(1, from, from + 999, 500))
    }
    await until('the reset is noticed', () => other.epochs.includes('foreign'))
    await written(other.store)
    expect(other.store.epoch).toBe(epoch)
    const next = await connected()
    const { offsets } = await replayed(next.store, 1, -1n, 25_000n)
    expect(offsets.filter((offset) => offset < 20_000)).toEqual([])
    other.store.add(records(1, 25_000, 25_009))
    await written(other.store)
    const after = await replayed(next.store, 1, 24_999n, 25_010n)
    expect(after.offsets).toEqual(numbers(25_000, 25_009))
  })

  test('from before Redis could be reached is repeated later', async () => {
    const first = await connected()
    first.store.add(records(0, 0, 99))
    await first.store.close()
    const { store } = bed.store()
    expect(await store.clear(signal)).toEqual({ isCleared: false, keys: 0 })
    store.add(records(0, 100, 109))
    await store.open('v1_test')
    await written(store)
    expect((await replayed(store, 0, -1n, 110n)).offsets).toEqual(numbers(100, 109))
    expect((await connected()).store.epoch).toBe(store.epoch)
  })

  test('is made of what is there of another topic of the same name', async () => {
    const first = bed.store()
    await first.store.open('v1_test', 'topic-1')
    first.store.add(records(0, 0, 99))
    await first.store.close()
    const same = bed.store()
    await same.store.open('v1_test', 'topic-1')
    expect([same.epochs, same.store.epoch]).toEqual([['adopted'], first.store.epoch])
    const other = bed.store()
    await other.store.open('v1_test', 'topic-2')
    expect(other.epochs).toEqual(['log_regressed'])
    expect(await other.store.partitions(signal)).toEqual({ found: [] })
    expect(await same.store.partitions(signal)).toMatchObject({ found: [] })
    expect(same.store.epoch).toBe(other.store.epoch)
  })

  test('hides a page that was read before it and comes after it', async () => {
    const { store } = await connected()
    store.add(records(0, 0, 99))
    await written(store)
    bed.redis.freeze()
    const page = store.page(0, -1n, 50n, signal)
    await new Promise((resolve) => setImmediate(resolve))
    const clearing = store.clear(signal)
    bed.redis.thaw()
    expect((await clearing).isCleared).toBe(true)
    const { records: shown, degraded } = await page
    expect([shown.length, degraded]).toEqual([0, 'Redis holds another epoch'])
  })
})

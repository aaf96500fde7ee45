/**
 * The replay buffer on a real Redis that is slow, frozen, killed, emptied or not there: it never
 * holds its caller up, never gives more than was stored, and never hides what it has lost.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keysOf } from '../../relay/replay/blocks.ts'
import { sleep, systemClock } from '../../relay/world/clock.ts'
import { until } from './until-testbed.ts'
import { numbers, records, replayed, useReplayBed, valueOf, written } from './replay-testbed.ts'

const { signal } = new AbortController()

const bed = useReplayBed()
const { connected } = bed

describe('what was added', () => {
  test('comes back from both tiers, in order, once, with its bytes', async () => {
    const { store } = await connected()
    store.add([...records(0, 0, 99), ...records(7, 5, 9)])
    await written(store)
    expect(await store.partitions(signal)).toEqual({ found: [0, 7] })
    const whole = { oldest: 0n, newest: 99n }
    const other = { oldest: 5n, newest: 9n }
    const bounds = new Map([[0, whole], [7, other]])
    expect(await store.retained([0, 7, 8], signal)).toEqual({ found: bounds })
    const { found, offsets, missing } = await replayed(store, 0, 9n, 100n)
    expect([offsets, missing]).toEqual([numbers(10, 99), []])
    for (const { offset, value } of found) expect(value).toEqual(valueOf(0, offset))
  })

  test('is there for the next relay of the namespace, and for no other', async () => {
    const first = await connected()
    first.store.add(records(0, 0, 50))
    await first.store.close()
    const second = await connected()
    expect(second.store.epoch).toBe(first.store.epoch)
    expect(second.store.newest(0)).toBe(50n)
    expect((await replayed(second.store, 0, -1n, 51n)).offsets).toEqual(numbers(0, 50))
    const other = await connected({}, 'v1_other')
    expect(await other.store.partitions(signal)).toEqual({ found: [] })
    expect(other.store.epoch).not.toBe(first.store.epoch)
  })

  test('is not doubled when it is delivered again', async () => {
    const first = await connected()
    first.store.add(records(0, 0, 50))
    await first.store.close()
    const second = await connected()
    second.store.add(records(0, 40, 70))
    second.store.add(records(0, 60, 80))
    await written(second.store)
    expect(second.metrics.redisWriteFailures.total).toBe(0)
    expect((await replayed(second.store, 0, -1n, 81n)).offsets).toEqual(numbers(0, 80))
  })

  test('keeps offsets above 2^53, and any bytes', async () => {
    const { store } = await connected({ replayMemoryRecordsMax: 1 })
    const top = 2n ** 63n - 1n
    const value = Buffer.from(numbers(0, 255))
    const offsets = [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, top - 1n]
    for (const offset of offsets) store.add([{ partition: 0, offset, value }])
    await written(store)
    const { found } = await replayed(store, 0, 2n ** 53n - 1n, 2n ** 53n + 3n)
    expect(found).toEqual(offsets.slice(0, 3).map((offset) => ({ offset, value })))
    const bounds = { oldest: 2n ** 53n, newest: top - 1n }
    expect(await store.retained([0], signal)).toEqual({ found: new Map([[0, bounds]]) })
  })
})

test('each offset is accounted for once, be it stored, lost or a natural hole', async () => {
  const fate = fc.constantFrom('record', 'record', 'record', 'natural', 'lost')
  const history = fc.record({
    fates: fc.array(fate, { minLength: 1, maxLength: 120 }),
    batch: fc.integer({ min: 1, max: 30 }),
    replayMemoryRecordsMax: fc.integer({ min: 1, max: 150 }),
    bytes: fc.constantFrom(0, 0, 40_000),
    after: fc.integer({ min: -1, max: 119 }),
  })
  type History = typeof history extends fc.Arbitrary<infer H> ? H : never
  let run = 0
  const follow = async ({ fates, batch, replayMemoryRecordsMax, bytes, after }: History) => {
    const { store } = await connected({ replayMemoryRecordsMax }, `v1_run${run++}`)
    for (let from = 0; from < fates.length; from += batch) {
      const part = [...fates.entries()].slice(from, from + batch)
      for (const [at, what] of part) if (what === 'natural') store.addHole(0, BigInt(at))
      store.add(part.flatMap(([at, what]) => (what === 'record' ? records(0, at, at, bytes) : [])))
      if (from % 2 === 0) await written(store)
    }
    await written(store)
    const { offsets, missing } = await replayed(store, 0, BigInt(after), BigInt(fates.length))
    const owed = numbers(after + 1, fates.length - 1)
    expect(offsets).toEqual(owed.filter((at) => fates[at] === 'record'))
    expect(missing.map(Number)).toEqual(owed.filter((at) => fates[at] === 'lost'))
    await store.close()
  }
  await fc.assert(fc.asyncProperty(history, follow), { numRuns: 40 })
})

describe('bounds', () => {
  test('a stream never holds more records than it may, and no key outlives the TTL', async () => {
    const { store } = await connected({ replayRecordsPerPartitionMax: 100, replayTtlMs: 60_000 })
    for (let from = 0; from < 1_000; from += 50) {
      store.add(records(0, from, from + 49, 200))
      await written(store)
      const { oldest, newest } = (await store.retained([0], signal)).found.get(0)!
      expect(newest - oldest + 1n).toBeLessThanOrEqual(100n)
      expect(newest - oldest + 1n).toBeGreaterThan(from < 100 ? 40n : 90n)
    }
    const [keys] = await bed.redis.run(['KEYS', '*'])
    const names = (keys as Buffer[]).map(String)
    expect(names).toHaveLength(4)
    for (const ttl of await bed.redis.run(...names.map((name) => ['PTTL', name] as const))) {
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(60_000)
    }
  })

  test('of what is retained are reported without reading the records', async () => {
    const { store } = await connected({}, 'v1_told')
    store.add([...records(0, 3, 99, 10_000), ...records(7, 5, 9)])
    await written(store)
    await store.close()
    const { store: next } = await connected({}, 'v1_told')
    await bed.redis.run(['CONFIG', 'RESETSTAT'])
    const found = new Map([[0, { oldest: 3n, newest: 99n }], [7, { oldest: 5n, newest: 9n }]])
    expect(await next.retained([0, 7, 8], signal)).toEqual({ found })
    const [stats] = await bed.redis.run(['INFO', 'commandstats'])
    expect(String(stats)).toContain('cmdstat_lindex')
    expect(String(stats)).not.toMatch(/cmdstat_x(rev)?range/)
  })

  test.each(['', ':sizes'])('are nothing when half of it was evicted: %s', async (half) => {
    const { store } = await connected({}, 'v1_half')
    store.add(records(0, 0, 9))
    await written(store)
    await store.close()
    const { store: next } = await connected({}, 'v1_half')
    const [gone] = await bed.redis.run(['DEL', `${keysOf('v1_half').stream(0)}${half}`])
    expect(gone).toBe(1)
    expect(await next.retained([0], signal)).toEqual({ found: new Map() })
  })

  test('a stream never takes more bytes than its limit, for any records', async () => {
    const { store, lost } = await connected({
      replayMemoryBytesMax: 64 * 1_024,
      redisPartitionBytesMax: 1_000_000,
    })
    for (const [at, bytes] of [300_000, 999_000, 10, 40_000, 500_000, 700_000].entries()) {
      store.add(records(0, at * 10, at * 10 + 9, bytes))
      await written(store)
      const stream = 'dashstream-replay:{v1_test}:partition:0'
      const [held] = await bed.redis.run(['MEMORY', 'USAGE', stream])
      expect(held).toBeGreaterThan(250_000)
      expect(held).toBeLessThan(1_400_000)
    }
    expect((await replayed(store, 0, 58n, 60n)).offsets).toEqual([59])
    expect(lost('too_large')).toBe(0)
    store.add(records(0, 60, 60, 1_000_000))
    store.add(records(0, 61, 62, 100))
    await written(store)
    expect(lost('too_large')).toBe(1)
    const { offsets, missing } = await replayed(store, 0, 58n, 63n)
    expect([offsets, missing]).toEqual([[59, 61, 62], [60n]])
  })

  test('nothing is kept longer than the TTL, also by a relay that came later', async () => {
    const ttl = { replayTtlMs: 1_500, redisTimeoutMs: 400 }
    const first = await connected(ttl)
    first.store.add(records(0, 0, 9))
    await first.store.close()
    const { store } = await connected(ttl)
    const startMs = systemClock.nowMs()
    const oldest = async () => (await store.retained([0], signal)).found.get(0)?.oldest
    for (let at = 10; (await oldest()) !== undefined && (await oldest()) === 0n; at++) {
      store.add(records(0, at, at))
      await written(store)
      expect(systemClock.nowMs() - startMs).toBeLessThan(2_500)
      await sleep(systemClock, 50)
    }
    expect(await oldest()).toBeGreaterThanOrEqual(10n)
  })

  test('a page is bounded in bytes, however large the records', async () => {
    const { store } = await connected({ redisTimeoutMs: 10_000 })
    for (const at of numbers(0, 49)) {
      store.add(records(0, at, at, 1_000_000))
      if (at % 10 === 9) await written(store)
    }
    const page = await store.page(0, -1n, 50n, signal)
    expect(page.records.length).toBeGreaterThan(0)
    expect(page.records.length).toBeLessThanOrEqual(2)
    expect((await replayed(store, 0, -1n, 50n)).offsets).toEqual(numbers(0, 49))
  })

  test('memory holds what is on its way to Redis, and no more than its bounds else', async () => {
    const { store } = await connected({ redisTimeoutMs: 5_000 })
    bed.redis.freeze()
    store.add(records(0, 0, 499))
    expect((await replayed(store, 0, -1n, 500n)).offsets).toEqual(numbers(0, 499))
    bed.redis.thaw()
    await written(store)
    expect(store.status()['memory_buffer_size']).toBe(10)
    expect((await replayed(store, 0, -1n, 500n)).offsets).toEqual(numbers(0, 499))
  })
})

describe('a Redis that', () => {
  test('hangs costs neither time nor memory, is counted, and is used again after', async () => {
    const bounds = { redisQueueBytesMax: 1_000_000, redisTimeoutMs: 200 }
    const { store, metrics, lost } = await connected(bounds)
    bed.redis.freeze()
    const before = process.memoryUsage().arrayBuffers
    let busyMs = 0
    for (let from = 0; from < 20_000; from += 100) {
      const startMs = systemClock.nowMs()
      store.add(records(0, from, from + 99, 1_000))
      busyMs += systemClock.nowMs() - startMs
      expect(store.status()['redis_queue_bytes']).toBeLessThanOrEqual(1_000_000)
      if (from % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
    await until('the writes are given up', () => lost('timeout') > 0)
    await until('the loss is noticed', () => store.status()['redis_connected'] === false)
    const degraded = await replayed(store, 0, 0n, 20_000n)
    expect([...degraded.degraded][0]).toMatch(/Redis/)
    expect(degraded.offsets.length + degraded.missing.length).toBe(19_999)
    expect(busyMs).toBeLessThan(5_000)
    expect(metrics.redisWriteDropped.total).toBeGreaterThan(0)
    bed.redis.thaw()
    await until('Redis is used again', () => store.status()['redis_connected'] === true)
    store.add(records(0, 20_000, 20_099))
    await written(store)
    expect((await replayed(store, 0, 19_999n, 20_100n)).offsets).toEqual(numbers(20_000, 20_099))
    const all = await replayed(store, 0, -1n, 20_100n)
    expect(all.offsets.length + all.missing.length).toBe(20_100)
  })

  test('is not there at the start is found later, and gets what waited', async () => {
    await bed.redis.kill()
    const { store, epochs } = bed.store()
    const startMs = systemClock.nowMs()
    await store.open('v1_test')
    expect(systemClock.nowMs() - startMs).toBeLessThan(5_000)
    store.add(records(0, 0, 99))
    expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
    await bed.redis.start()
    await until('Redis is reached', () => store.status()['redis_connected'] === true)
    await written(store)
    expect(epochs).toEqual([])
    expect((await replayed(store, 0, -1n, 100n)).offsets).toEqual(numbers(0, 99))
  })

  test('was killed and comes back empty is another epoch', async () => {
    const { store, epochs } = await connected()
    const { epoch } = store
    store.add(records(0, 0, 99))
    await written(store)
    await bed.redis.kill()
    await until('the loss is noticed', () => store.status()['redis_connected'] === false)
    await bed.redis.start()
    await until('Redis is reached', () => store.status()['redis_connected'] === true)
    expect([epochs, store.epoch === epoch]).toEqual([['lost'], false])
    store.add(records(0, 100, 149))
    await written(store)
    const { offsets, missing } = await replayed(store, 0, -1n, 150n)
    expect([offsets, missing.map(Number)]).toEqual([numbers(100, 149), numbers(0, 99)])
  })

  test('is emptied while connected is another epoch from the next write on', async () => {
    const { store, epochs } = await connected()
    store.add(records(0, 0, 99))
    await written(store)
    await bed.redis.run(['FLUSHALL'])
    // There was no reset: what is in memory can still be shown.
    const degraded = 'Redis holds another epoch'
    expect(await store.partitions(signal)).toEqual({ found: [0], degraded })
    expect((await replayed(store, 0, 89n, 100n)).offsets).toEqual(numbers(90, 99))
    store.add(records(0, 100, 119))
    await until('the loss is noticed', () => epochs.length > 0)
    expect(epochs).toEqual(['lost'])
    store.add(records(0, 120, 129))
    await written(store)
    await until('Redis holds the new epoch', async () => {
      const [held] = await bed.redis.run(['GET', 'dashstream-replay:{v1_test}:epoch'])
      return String(held) === store.epoch
    })
    expect(epochs).toEqual(['lost'])
  })

  test('has evicted a stream is another epoch from the next write on', async () => {
    const { store, epochs } = await connected()
    store.add([...records(0, 0, 99), ...records(1, 0, 99)])
    await written(store)
    await bed.redis.run(['DEL', 'dashstream-replay:{v1_test}:partition:1'])
    store.add(records(0, 100, 119))
    await written(store)
    expect(epochs).toEqual([])
    store.add(records(1, 100, 119))
    await until('the loss is noticed', () => epochs.length > 0)
    expect(epochs).toEqual(['lost'])
    const { missing } = await replayed(store, 1, -1n, 120n)
    expect(missing.map(Number)).toEqual(numbers(0, 99))
    const next = await connected()
    await until('Redis holds the new epoch', () => next.store.epoch === store.epoch)
  })

  test('refuses writes is counted, and its answers are not taken for success', async () => {
    const { store, lost } = await connected()
    await bed.redis.run(['CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction'])
    store.add(records(0, 0, 99))
    await until('the writes are refused', () => lost('refused') === 100)
    expect((await replayed(store, 0, -1n, 100n)).missing.map(Number)).toEqual(numbers(0, 89))
  })

  test('holds something else under our key makes replays degraded, not wrong', async () => {
    await bed.redis.run(['XADD', 'dashstream-replay:{v1_test}:partition:0', '5-1', 'a', 'b'])
    const { store } = await connected()
    const { missing, degraded } = await replayed(store, 0, -1n, 10n)
    expect([missing.length, [...degraded][0]]).toEqual([
      10,
      'a replay stream holds an entry without `from`: another program writes to its key',
    ])
  })
})

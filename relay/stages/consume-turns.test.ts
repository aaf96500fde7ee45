/** A batch that takes long is taken in slices of the loop, and nothing of it is lost or doubled. */
import { zstdCompressSync } from 'node:zlib'
import { create } from '@bufbuild/protobuf'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import type { DlqProducer } from '../dead-letters/dlq.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import { batch, batchOf, bench, type Kind, validValue } from './consume-testbed.ts'
import { waitBudgetMs } from './wait-budget.ts'

/** Each read of the clock costs a millisecond: this many reads make a slice. */
class BusyClock extends ManualClock {
  override nowMs(): number {
    this.advance(1)
    return super.nowMs()
  }
}

const busy = (policy: 'skip' | 'pause' = 'skip') => bench(policy, { clock: new BusyClock() })

/** Counts how often a batch asks to be detached. */
function stepping() {
  const { consume: consumer, run, ...it } = bench()
  const counted = { ...run, asked: 0, detach: () => void (counted.asked += 1) }
  return { ...it, consumer, run: counted }
}

const ofKind = (count: number, kind: Kind = 'valid') => Array.from({ length: count }, () => kind)

/** Counts the turns of the event loop until it is stopped. */
function turnsUntil(done: Promise<unknown>): Promise<number> {
  let turns = 0
  let isDone = false
  const count = () => {
    turns += 1
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  return done.then(() => {
    isDone = true
    return turns
  })
}

/** One record with a content of this size, which compresses to almost nothing. */
function packed(bytes: number): Buffer {
  const message = create(DashStreamMessageSchema, {
    message: { case: 'event', value: { nodeId: 'x'.repeat(bytes) } },
  })
  return Buffer.from(encodeRecord(message))
}

describe('a batch that takes longer than a slice', () => {
  test('is taken in several turns of the loop, in order, with heartbeats between', async () => {
    const { consume, offsets, run } = busy()
    let beats = 0
    const beat = async () => void (beats += 1)
    const turns = await turnsUntil(consume.take(batch(0n, ofKind(5_000)), { ...run, beat }))
    expect(turns).toBeGreaterThan(5)
    expect(beats).toBeGreaterThan(5)
    expect(offsets()).toEqual(Array.from({ length: 5_000 }, (_, at) => BigInt(at)))
    expect(consume.position(0)).toBe(5_000n)
  })

  test('shares each turn with all others that are processed concurrently', async () => {
    const { clock, consume, log, run } = busy()
    const many = [0, 1, 2, 3].map((partition) => ({ ...batch(0n, ofKind(2_000)), partition }))
    let most = 0
    let before = 0
    let isDone = false
    const look = () => {
      most = Math.max(most, log.ordinal - before)
      before = log.ordinal
      if (!isDone) setImmediate(look)
    }
    const taking = Promise.all(many.map((one) => consume.take(one, run)))
    look()
    await taking
    isDone = true
    expect(log.ordinal).toBe(8_000)
    // A slice of it, and not one of each partition: four looks at the time, 128 records each.
    expect(most).toBeLessThanOrEqual(2 * 4 * 128)
    expect(clock.nowMs()).toBeGreaterThan(50)
  })

  test('goes out slice by slice', async () => {
    const { consume, log, run } = busy()
    const taking = consume.take(batch(0n, ofKind(5_000)), run)
    await settled()
    expect(log.ordinal).toBeGreaterThan(0)
    expect(log.ordinal).toBeLessThan(5_000)
    await taking
  })

  test('that becomes stale on the way is left where it is', async () => {
    const { consume, offsets, run } = busy()
    let isStale = false
    const all = batch(0n, ofKind(5_000))
    const taking = consume.take(all, { ...run, isStale: () => isStale })
    await settled()
    isStale = true
    expect(await taking).toBe(false)
    const passed = offsets().length
    expect(passed).toBeGreaterThan(0)
    expect(passed).toBeLessThan(5_000)
    expect(consume.position(0)).toBe(BigInt(passed))
    expect(await consume.take(all, run)).toBe(true)
    expect(offsets()).toEqual(Array.from({ length: 5_000 }, (_, at) => BigInt(at)))
  })

  test.each([
    ['a stop', 'stop'],
    ['a new assignment', 'reassigned'],
  ] as const)('ends with %s', async (_, ends) => {
    const { consume, offsets, run } = busy()
    const taking = consume.take(batch(0n, ofKind(5_000)), run)
    await settled()
    consume[ends]()
    expect(await taking).toBe(false)
    expect(consume.position(0)).toBe(BigInt(offsets().length))
    expect(offsets().length).toBeLessThan(5_000)
  })

  test('offers nothing after the topic was recreated meanwhile', async () => {
    const { consume, offsets, run } = busy()
    const taking = consume.take(batch(100n, ofKind(5_000)), run)
    await settled()
    const before = offsets().length
    consume.topicRecreated([])
    expect(await taking).toBe(false)
    expect(offsets()).toHaveLength(before)
    expect(consume.positions().size).toBe(0)
  })

  test('ends with the heartbeat that fails, and what was passed stays passed', async () => {
    const { consume, offsets, run } = busy()
    const beat = () => Promise.reject(new Error('a rebalance'))
    const taking = consume.take(batch(0n, ofKind(5_000)), { ...run, beat })
    await expect(taking).rejects.toThrow('a rebalance')
    expect(consume.position(0)).toBe(BigInt(offsets().length))
    expect(consume.inflightBytes).toBe(0)
  })

  test('stops where the policy says, in whichever slice that is', async () => {
    const { consume, offsets, pausedAt, run } = busy('pause')
    const kinds = [...ofKind(3_000), 'malformed' as const, ...ofKind(1_000)]
    expect(await consume.take(batch(0n, kinds), run)).toBe(true)
    expect(pausedAt).toEqual([3_000n])
    expect(offsets()).toHaveLength(3_000)
    expect(consume.position(0)).toBe(3_000n)
  })

  test('counts each of its records once', async () => {
    const { consume, dead, dlq, holes, offsets, run, signals } = busy()
    const kinds = Array.from({ length: 3_000 }, (_, at): Kind => {
      return at % 3 === 0 ? 'malformed' : at % 3 === 1 ? 'tombstone' : 'valid'
    })
    await consume.take(batch(0n, kinds), run)
    await dlq.flushed()
    expect([dead(), holes.length, offsets().length]).toEqual([1_000, 2_000, 1_000])
    expect(signals.received).toBe(3_000)
  })
})

test('a batch that waits for clients offers nothing after the topic was recreated', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { consume, offsets, run } = bench('skip', { waitForClients: () => promise })
  const taking = consume.take(batch(100n, ofKind(3)), run)
  consume.topicRecreated([])
  resolve()
  expect(await taking).toBe(false)
  expect([offsets(), consume.positions().size]).toEqual([[], 0])
})

test('a batch that is taken in time is taken in one turn', async () => {
  const { consume, offsets, run } = bench()
  const taking = consume.take(batch(0n, ofKind(5_000)), run)
  await Promise.resolve()
  expect(offsets()).toHaveLength(5_000)
  await taking
})

describe('a record that unpacks to much', () => {
  afterEach(() => vi.restoreAllMocks())

  test('is judged by the worker, in its order among the others', async () => {
    const { consume, offsets, run } = bench()
    const values = [validValue, packed(5_000_000), validValue, packed(300_000), validValue]
    const turns = await turnsUntil(consume.take(batchOf(values), run))
    expect(turns).toBeGreaterThan(2)
    expect(offsets()).toEqual([0n, 1n, 2n, 3n, 4n])
  })

  test('is refused with the same reason there', async () => {
    const { consume, dead, dlq, holes, offsets, run } = bench()
    const rubbish = zstdCompressSync(Buffer.alloc(1_000_000, 7), { pledgedSrcSize: 1_000_000 })
    const values = [validValue, Buffer.concat([Buffer.of(1), rubbish]), validValue]
    await consume.take(batchOf(values), run)
    await dlq.flushed()
    expect([offsets(), holes, dead()]).toEqual([[0n, 2n], [[1n, 1n]], 1])
  })

  test('is not offered when the batch became stale meanwhile', async () => {
    const { consume, offsets, run } = bench()
    let isStale = false
    const values = [validValue, packed(1_000_000), validValue]
    const taking = consume.take(batchOf(values), { ...run, isStale: () => isStale })
    await Promise.resolve()
    isStale = true
    expect(await taking).toBe(false)
    expect([offsets(), consume.position(0)]).toEqual([[0n], 1n])
  })

  test('lets the others go on without its batch once that has waited for long', async () => {
    const { clock, consumer, offsets, run } = stepping()
    const taking = consumer.take(batchOf([validValue, packed(5_000_000), validValue]), run)
    await Promise.resolve()
    clock.advance(waitBudgetMs - 1)
    expect(run.asked).toBe(0)
    clock.advance(1)
    expect(run.asked).toBe(1)
    await taking
    expect(offsets()).toEqual([0n, 1n, 2n])
    await consumer.take(batchOf([validValue, packed(300_000)]), run)
    clock.advance(waitBudgetMs)
    expect(run.asked).toBe(1)
  })

  test('beyond the limit is refused at once, without being unpacked', async () => {
    const { consume, dead, dlq, run } = bench('skip', {
      env: { WEBSOCKET_MAX_PAYLOAD_BYTES: '1048576' },
    })
    const taking = consume.take(batchOf([packed(2_000_000)]), run)
    await Promise.resolve()
    expect(consume.position(0)).toBe(1n)
    await taking
    await dlq.flushed()
    expect(dead()).toBe(1)
  })
})

test('dead letters are written in one request a turn, none of them too long', async () => {
  const sent: number[] = []
  const ack = Promise.withResolvers<void>()
  const send: DlqProducer['send'] = (letters) => {
    sent.push(letters.length)
    return ack.promise
  }
  const { consume, dead, dlq, run } = bench('skip', { producer: { send } })
  await consume.take(batch(0n, ofKind(3_000, 'malformed')), run)
  await Promise.resolve()
  expect(sent).toEqual([1_000])
  await settled()
  expect(sent.length).toBeLessThanOrEqual(3)
  ack.resolve()
  await dlq.flushed()
  expect([dead(), Math.max(...sent)]).toEqual([3_000, 1_000])
})

/** Every record of every batch is accounted for, and a malformed one affects no other. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DlqProducer } from '../dead-letters/dlq.ts'
import type { PoisonPolicy } from './seam.ts'
import { workOf } from '../world/work-testbed.ts'
import { batch, bench, type Kind, validValue, withUnreadable } from './consume-testbed.ts'

const kinds = fc.array(fc.constantFrom<Kind>('valid', 'malformed', 'tombstone'), {
  minLength: 1,
  maxLength: 60,
})

describe('skip policy', () => {
  test('offers every valid record, dead-letters every malformed one, counts all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(kinds, { minLength: 1, maxLength: 5 }), async (batches) => {
        const it = bench()
        let from = 0n
        for (const one of batches) {
          await it.consume.take(batch(from, one), it.run)
          from += BigInt(one.length)
        }
        await it.dlq.flushed()
        const all = batches.flat()
        const wanted = all.flatMap((kind, at) => (kind === 'valid' ? [BigInt(at)] : []))
        expect(it.offsets()).toEqual(wanted)
        expect(it.log.ordinal).toBe(wanted.length)
        const malformed = all.filter((kind) => kind === 'malformed').length
        expect(it.dead()).toBe(malformed)
        expect(it.signals.received).toBe(all.length)
        expect(it.consume.positions().get(0)).toBe(from)
      }),
    )
  })

  test('puts the thread of the record into its dead letter', async () => {
    const letters: string[] = []
    const send: DlqProducer['send'] = async (all) => {
      letters.push(...all.map(({ value }) => value))
    }
    const it = bench('skip', { producer: { send } })
    await it.consume.take(batch(0n, ['malformed']), it.run)
    await it.dlq.flushed()
    expect(JSON.parse(letters[0]!)).toMatchObject({ thread_id: 't', kafka_offset: 0 })
  })

  test('passes over a batch that cannot be read, as one malformed record', async () => {
    const letters: string[] = []
    const send: DlqProducer['send'] = async (all) => {
      letters.push(...all.map(({ value }) => value))
    }
    const it = bench('skip', { producer: { send } })
    await it.consume.take(withUnreadable(batch(5n, ['valid', 'valid', 'valid']), 6n, 40n), it.run)
    await it.dlq.flushed()
    expect(it.offsets()).toEqual([5n, 41n])
    expect(it.holes).toEqual([[6n, 40n]])
    expect(it.consume.positions().get(0)).toBe(42n)
    expect(it.signals.received).toBe(3)
    expect(it.metrics.unreadableBatches.of({ reason: 'corrupt' }).total).toBe(1)
    expect(letters).toHaveLength(1)
    expect(JSON.parse(letters[0]!)).toMatchObject({
      error: 'Nobody can read it.',
      error_type: 'unknown_decode_error',
      kafka_offset: 6,
      kafka_last_offset: 40,
    })
  })

  test('reports every offset that no client gets to the store', async () => {
    const { consume, holes, run } = bench()
    await consume.take(batch(5n, ['valid', 'malformed', 'valid', 'valid'], new Set([2])), run)
    expect(holes).toEqual([[6n, 6n], [7n, 7n]])
  })

  test('offers a batch before it waits for a store that makes it wait', async () => {
    const storing = Promise.withResolvers<void>()
    const { consume, log, run } = bench('skip', { storing: storing.promise })
    let isTaken = false
    const taking = consume.take(batch(0n, ['valid']), run).then(() => (isTaken = true))
    await new Promise(setImmediate)
    expect([log.ordinal, isTaken]).toEqual([1, false])
    storing.resolve()
    await taking
    expect(isTaken).toBe(true)
  })

  test('a value is a view of the log, not of what was fetched', async () => {
    const { consume, run, stored } = bench()
    await consume.take(batch(0n, ['valid']), run)
    expect(stored[0]!.value).toEqual(validValue)
    expect(stored[0]!.value.buffer).not.toBe(validValue.buffer)
  })
})

describe('pause policy', () => {
  test('pauses before the first malformed record, and reports the offset', async () => {
    const { consume, dead, offsets, pausedAt, run } = bench('pause')
    await consume.take(batch(10n, ['valid', 'valid', 'malformed', 'valid']), run)
    expect(offsets()).toEqual([10n, 11n])
    expect(pausedAt).toEqual([12n])
    expect(consume.positions().get(0)).toBe(12n)
    expect([...consume.paused]).toEqual([[0, { partition: 0, offset: 12n, why: 'policy' }]])
    expect(dead()).toBe(0)
  })

  test('stops before the first offset of a batch that cannot be read', async () => {
    const { consume, offsets, pausedAt, run } = bench('pause')
    const fetched = withUnreadable(batch(0n, ['valid', 'valid', 'valid']), 1n, 9n)
    await consume.take(fetched, run)
    expect(offsets()).toEqual([0n])
    expect(pausedAt).toEqual([1n])
  })

  test('stops before a record without a value, too', async () => {
    const { consume, pausedAt, run } = bench('pause')
    await consume.take(batch(0n, ['valid', 'tombstone']), run)
    expect(pausedAt).toEqual([1n])
  })
})

describe('without capacity for another dead letter', () => {
  const closed = { DLQ_MODE: 'fail_closed', DLQ_WAITING_BYTES_MAX: '65536' }
  const hung = () => {
    const ack = Promise.withResolvers<void>()
    const it = bench('skip', { env: closed, producer: { send: () => ack.promise } })
    return { ...it, ack }
  }
  const flood = Array.from({ length: 200 }, () => 'malformed' as const)

  test('its partition stops, the others go on, and nothing is passed', async () => {
    const { consume, offsets, pausedAt, run } = hung()
    await consume.take(batch(0n, ['valid', ...flood, 'valid']), run)
    const at = pausedAt[0]!
    expect(consume.positions().get(0)).toBe(at)
    expect(offsets()).toEqual([0n])
    await consume.take({ ...batch(0n, ['valid', 'valid']), partition: 1 }, run)
    expect(offsets()).toEqual([0n, 0n, 1n])
    expect([...consume.paused.values()]).toEqual([
      { partition: 0, offset: at, why: 'dead_letters' },
    ])
  })

  test('it goes on where it stopped, once there is capacity', async () => {
    const { ack, consume, dead, dlq, offsets, pausedAt, run } = hung()
    const all = batch(0n, ['valid', ...flood, 'valid'])
    await consume.take(all, run)
    ack.resolve()
    await dlq.flushed()
    expect(consume.released()).toEqual([0])
    expect(consume.paused.size).toBe(0)
    while (consume.positions().get(0)! < all.nextOffset) {
      await consume.take(all, run)
      await dlq.flushed()
      consume.released()
    }
    expect(offsets()).toEqual([0n, 201n])
    expect(dead()).toBe(200)
    expect(pausedAt.length).toBeGreaterThan(0)
  })
})

test('a new assignment forgets what stopped, and stops again when it must', async () => {
  const { consume, run } = bench('pause')
  await consume.take(batch(10n, ['valid', 'malformed']), run)
  consume.reassigned()
  expect(consume.paused.size).toBe(0)
  await consume.take(batch(11n, ['malformed']), run)
  expect(consume.paused.get(0)).toMatchObject({ offset: 11n })
})

describe('positions', () => {
  test('what was taken before is not taken again', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['valid', 'valid', 'valid']), run)
    await consume.take(batch(1n, ['valid', 'valid', 'valid']), run)
    expect(offsets()).toEqual([0n, 1n, 2n, 3n])
  })

  test('records that Kafka deleted before they were read are reported', async () => {
    const { consume, lost, run } = bench()
    await consume.take(batch(0n, ['valid']), run)
    await consume.take(batch(5n, ['valid']), run)
    expect(lost).toEqual([[1n, 4n]])
  })

  test('a log that ends below what was read is read from its start', async () => {
    const { consume, offsets, rewound, run } = bench()
    await consume.take(batch(100n, ['valid']), run)
    await consume.take(batch(0n, ['valid']), run)
    expect(rewound).toEqual([0])
    expect(offsets()).toEqual([100n, 0n])
  })

  test('recreated logs are read from their start where that is requested', async () => {
    const { consume, lost, offsets, run } = bench()
    await consume.take(batch(100n, ['valid']), run)
    consume.topicRecreated([0, 3])
    expect(consume.positions()).toEqual(new Map([[0, 0n], [3, 0n]]))
    await consume.take(batch(0n, ['valid']), run)
    expect([offsets(), lost]).toEqual([[100n, 0n], []])
    consume.topicRecreated([])
    expect(consume.positions().size).toBe(0)
  })

  test('nothing is taken after the stop', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['valid']), run)
    consume.stop()
    await consume.take(batch(1n, ['valid']), run)
    expect(offsets()).toEqual([0n])
    expect(consume.positions().get(0)).toBe(1n)
  })

  test('a batch of a partition that is no longer ours changes nothing', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['valid']), { ...run, isStale: () => true })
    expect(offsets()).toEqual([])
    expect(consume.positions().size).toBe(0)
  })
})

test('another poison policy decides about the records next to it', async () => {
  const poison: PoisonPolicy = { isOffered: (_, malformed) => malformed.size === 0 }
  const { consume, offsets, run } = bench('skip', { poison })
  await consume.take(batch(0n, ['valid', 'malformed', 'valid']), run)
  await consume.take(batch(3n, ['valid']), run)
  expect(offsets()).toEqual([3n])
})

test('a batch costs what its records cost, however many are malformed', async () => {
  const take = (count: number) => {
    const { consume, run } = bench()
    const mixed = Array.from({ length: count }, (_, i): Kind => (i % 2 ? 'valid' : 'malformed'))
    const fetched = batch(0n, mixed)
    return workOf(() => consume.take(fetched, run))
  }
  await take(10)
  expect(await take(2_000)).toBeLessThan(5 * (await take(500)))
})

/** Every record of every batch is accounted for, and harms nobody but itself. */
import { create } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import type { BatchRun, Fetched } from '../adapters/kafka-consumer.ts'
import { DeadLetterQueue, type LetterBox } from '../dlq.ts'
import { Signals } from '../health/signals.ts'
import { ByteLog } from '../log/byte-log.ts'
import { createMetrics, sumOf } from '../metrics.ts'
import type { PoisonPolicy, RelayRecord, ReplayStore } from '../parts.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock } from '../world/manual-clock.ts'
import { workOf } from '../world/work-testbed.ts'
import { Broadcast } from './broadcast.ts'
import { Consume } from './consume.ts'
import { referencePoison } from './poison.ts'

type Kind = 'sound' | 'malformed' | 'tombstone'

const soundValue = Buffer.from(
  encodeRecord(
    create(DashStreamMessageSchema, {
      message: { case: 'event', value: { header: { threadId: 't', sequence: 1n }, nodeId: 'n' } },
    }),
  ),
)
const values: Readonly<Record<Kind, Buffer | null>> = {
  sound: soundValue,
  malformed: Buffer.concat([soundValue, Buffer.of(0x07)]),
  tombstone: null,
}

/** A batch that begins at `from`; `skip` says which offsets do not exist. */
function batch(from: bigint, kinds: readonly Kind[], skip = new Set<number>()): Fetched {
  const records = kinds.flatMap((kind, index) =>
    skip.has(index) ? [] : [{ offset: from + BigInt(index), value: values[kind], timestampMs: 0 }],
  )
  const nextOffset = from + BigInt(kinds.length)
  return { partition: 0, records, fetchedOffset: from, nextOffset, highWatermark: nextOffset }
}

/** The same batch, whose second record stands for all of these offsets. */
function withUnreadable(fetched: Fetched, firstOffset: bigint, lastOffset: bigint): Fetched {
  const [before, second, after] = fetched.records
  const says = 'Nobody can read it.'
  const unreadable = { firstOffset, lastOffset, fault: 'corrupt', says } as const
  const records = [before!, { ...second!, unreadable }, { ...after!, offset: lastOffset + 1n }]
  return { ...fetched, records, nextOffset: lastOffset + 2n, highWatermark: lastOffset + 2n }
}

const quiet = () => undefined

function bench(
  policy: 'skip' | 'pause' = 'skip',
  poison: PoisonPolicy = referencePoison,
  more: Readonly<Record<string, string>> = {},
  box: LetterBox = { send: async () => undefined },
  storing?: Promise<void>,
) {
  const parsed = parseSettings({ KAFKA_ON_DECODE_ERROR: policy, ...more })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const { settings } = parsed
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const signals = new Signals(metrics, clock, 120_000)
  const log = new ByteLog({ bytesMax: 1 << 24, recordsMax: 100_000 })
  const stored: RelayRecord[] = []
  const holes: [bigint, bigint][] = []
  const lost: [bigint, bigint][] = []
  const pausedAt: bigint[] = []
  const rewound: number[] = []
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const dlq = new DeadLetterQueue({
    settings,
    topic: 'd',
    clock,
    logger,
    metrics,
    box,
    onRoom: quiet,
  })
  const consume = new Consume({
    settings,
    clock,
    metrics,
    signals,
    dlq,
    poison,
    broadcast: new Broadcast({
      log,
      clock,
      flushIntervalMs: 0,
      wakeAll: quiet,
      soon: (work) => queueMicrotask(work),
    }),
    store: {
      add: (records: readonly RelayRecord[]) => {
        stored.push(...records)
        return storing
      },
      addHole: (_: number, first: bigint, last = first) => holes.push([first, last]),
    } as unknown as ReplayStore,
    room: async () => undefined,
    headAtStart: () => undefined,
    onLost: (_, first, last) => lost.push([first, last]),
    onRewound: async (partition) => {
      rewound.push(partition)
      await Promise.resolve()
      consume.begunAnew([])
    },
  })
  const run: BatchRun = {
    isStale: () => false,
    beat: async () => undefined,
    pauseAt: (offset) => pausedAt.push(offset),
  }
  const offsets = () => stored.map(({ offset }) => offset)
  const dead = () => sumOf(metrics.dlqSends) + sumOf(metrics.dlqSendFailures)
  const seen = { holes, lost, pausedAt, rewound, stored, offsets, dead }
  return { ...seen, consume, dlq, log, metrics, run, signals }
}

const kinds = fc.array(fc.constantFrom<Kind>('sound', 'malformed', 'tombstone'), {
  minLength: 1,
  maxLength: 60,
})

describe('skip policy', () => {
  test('offers every sound record, dead-letters every malformed one, counts all', async () => {
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
        const wanted = all.flatMap((kind, at) => (kind === 'sound' ? [BigInt(at)] : []))
        expect(it.offsets()).toEqual(wanted)
        expect(it.log.ordinal).toBe(wanted.length)
        const malformed = all.filter((kind) => kind === 'malformed').length
        expect(it.dead()).toBe(malformed)
        expect(it.signals.received).toBe(all.length)
        expect(it.consume.positions().get(0)).toBe(from)
      }),
    )
  })

  test('puts into a letter whose record it was', async () => {
    const letters: string[] = []
    const send: LetterBox['send'] = async (all) => {
      letters.push(...all.map(({ value }) => value))
    }
    const it = bench('skip', referencePoison, {}, { send })
    await it.consume.take(batch(0n, ['malformed']), it.run)
    await it.dlq.flushed()
    expect(JSON.parse(letters[0]!)).toMatchObject({ thread_id: 't', kafka_offset: 0 })
  })

  test('passes over a batch that cannot be read, as one malformed record', async () => {
    const letters: string[] = []
    const send: LetterBox['send'] = async (all) => {
      letters.push(...all.map(({ value }) => value))
    }
    const it = bench('skip', referencePoison, {}, { send })
    await it.consume.take(withUnreadable(batch(5n, ['sound', 'sound', 'sound']), 6n, 40n), it.run)
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

  test('tells the store of every offset that no client gets', async () => {
    const { consume, holes, run } = bench()
    await consume.take(batch(5n, ['sound', 'malformed', 'sound', 'sound'], new Set([2])), run)
    expect(holes).toEqual([[6n, 6n], [7n, 7n]])
  })

  test('offers a batch before it waits for a store that makes it wait', async () => {
    const storing = Promise.withResolvers<void>()
    const { consume, log, run } = bench('skip', referencePoison, {}, undefined, storing.promise)
    let isTaken = false
    const taking = consume.take(batch(0n, ['sound']), run).then(() => (isTaken = true))
    await new Promise(setImmediate)
    expect([log.ordinal, isTaken]).toEqual([1, false])
    storing.resolve()
    await taking
    expect(isTaken).toBe(true)
  })

  test('a value is a view of the log, not of what was fetched', async () => {
    const { consume, run, stored } = bench()
    await consume.take(batch(0n, ['sound']), run)
    expect(stored[0]!.value).toEqual(soundValue)
    expect(stored[0]!.value.buffer).not.toBe(soundValue.buffer)
  })
})

describe('pause policy', () => {
  test('stops before the first malformed record, and tells where', async () => {
    const { consume, dead, offsets, pausedAt, run } = bench('pause')
    await consume.take(batch(10n, ['sound', 'sound', 'malformed', 'sound']), run)
    expect(offsets()).toEqual([10n, 11n])
    expect(pausedAt).toEqual([12n])
    expect(consume.positions().get(0)).toBe(12n)
    expect([...consume.paused]).toEqual([[0, { partition: 0, offset: 12n, why: 'policy' }]])
    expect(dead()).toBe(0)
  })

  test('stops before the first offset of a batch that cannot be read', async () => {
    const { consume, offsets, pausedAt, run } = bench('pause')
    const fetched = withUnreadable(batch(0n, ['sound', 'sound', 'sound']), 1n, 9n)
    await consume.take(fetched, run)
    expect(offsets()).toEqual([0n])
    expect(pausedAt).toEqual([1n])
  })

  test('stops before a record without a value, too', async () => {
    const { consume, pausedAt, run } = bench('pause')
    await consume.take(batch(0n, ['sound', 'tombstone']), run)
    expect(pausedAt).toEqual([1n])
  })
})

describe('without room for another dead letter', () => {
  const closed = { DLQ_MODE: 'fail_closed', DLQ_WAITING_BYTES_MAX: '65536' }
  const hung = () => {
    const ack = Promise.withResolvers<void>()
    const it = bench('skip', referencePoison, closed, { send: () => ack.promise })
    return { ...it, ack }
  }
  const flood = Array.from({ length: 200 }, () => 'malformed' as const)

  test('its partition stops, the others go on, and nothing is passed', async () => {
    const { consume, offsets, pausedAt, run } = hung()
    await consume.take(batch(0n, ['sound', ...flood, 'sound']), run)
    const at = pausedAt[0]!
    expect(consume.positions().get(0)).toBe(at)
    expect(offsets()).toEqual([0n])
    await consume.take({ ...batch(0n, ['sound', 'sound']), partition: 1 }, run)
    expect(offsets()).toEqual([0n, 0n, 1n])
    expect([...consume.paused.values()]).toEqual([
      { partition: 0, offset: at, why: 'dead_letters' },
    ])
  })

  test('it goes on where it stopped, once there is room', async () => {
    const { ack, consume, dead, dlq, offsets, pausedAt, run } = hung()
    const all = batch(0n, ['sound', ...flood, 'sound'])
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
  await consume.take(batch(10n, ['sound', 'malformed']), run)
  consume.reassigned()
  expect(consume.paused.size).toBe(0)
  await consume.take(batch(11n, ['malformed']), run)
  expect(consume.paused.get(0)).toMatchObject({ offset: 11n })
})

describe('positions', () => {
  test('what was taken before is not taken again', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['sound', 'sound', 'sound']), run)
    await consume.take(batch(1n, ['sound', 'sound', 'sound']), run)
    expect(offsets()).toEqual([0n, 1n, 2n, 3n])
  })

  test('what Kafka gave up before it was read is told', async () => {
    const { consume, lost, run } = bench()
    await consume.take(batch(0n, ['sound']), run)
    await consume.take(batch(5n, ['sound']), run)
    expect(lost).toEqual([[1n, 4n]])
  })

  test('a log that ends below what was taken begins anew', async () => {
    const { consume, offsets, rewound, run } = bench()
    await consume.take(batch(100n, ['sound']), run)
    await consume.take(batch(0n, ['sound']), run)
    expect(rewound).toEqual([0])
    expect(offsets()).toEqual([100n, 0n])
  })

  test('logs that began anew are read from their start where that is told', async () => {
    const { consume, lost, offsets, run } = bench()
    await consume.take(batch(100n, ['sound']), run)
    consume.begunAnew([0, 3])
    expect(consume.positions()).toEqual(new Map([[0, 0n], [3, 0n]]))
    await consume.take(batch(0n, ['sound']), run)
    expect([offsets(), lost]).toEqual([[100n, 0n], []])
    consume.begunAnew([])
    expect(consume.positions().size).toBe(0)
  })

  test('nothing is taken after the stop', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['sound']), run)
    consume.stop()
    await consume.take(batch(1n, ['sound']), run)
    expect(offsets()).toEqual([0n])
    expect(consume.positions().get(0)).toBe(1n)
  })

  test('a batch of a partition that is no longer ours changes nothing', async () => {
    const { consume, offsets, run } = bench()
    await consume.take(batch(0n, ['sound']), { ...run, isStale: () => true })
    expect(offsets()).toEqual([])
    expect(consume.positions().size).toBe(0)
  })
})

test('another poison policy decides about the neighbours', async () => {
  const poison: PoisonPolicy = { isOffered: (_, malformed) => malformed.size === 0 }
  const { consume, offsets, run } = bench('skip', poison)
  await consume.take(batch(0n, ['sound', 'malformed', 'sound']), run)
  await consume.take(batch(3n, ['sound']), run)
  expect(offsets()).toEqual([3n])
})

test('a batch costs what its records cost, however many are malformed', async () => {
  const take = (count: number) => {
    const { consume, run } = bench()
    const mixed = Array.from({ length: count }, (_, i): Kind => (i % 2 ? 'sound' : 'malformed'))
    const fetched = batch(0n, mixed)
    return workOf(() => consume.take(fetched, run))
  }
  await take(10)
  expect(await take(2_000)).toBeLessThan(5 * (await take(500)))
})

/** Outcomes of a batch that Redis stores in part, not at all, or with unknown result. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Signals } from '../health/signals.ts'
import { createMetrics, sumOf } from '../metrics/metrics.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { type Answer, hangUp, RedisStandIn } from './redis-stand-in-testbed.ts'
import { TieredReplayStore } from './store.ts'

const parsed = parseSettings({ KAFKA_BROKERS: 'unused:9092' })
if (!parsed.ok) throw new Error(parsed.problems.join('; '))
const settings = { ...parsed.settings, replayMemoryRecordsMax: 1, redisTimeoutMs: 1_000 }

/** A write, as Redis sees it. */
interface Seen {
  readonly connection: number
  readonly partition: number
  /** The last offset of each of its blocks. */
  readonly lasts: readonly number[]
  readonly epoch: string
}
let redis: RedisStandIn
let store: TieredReplayStore
let metrics: ReturnType<typeof createMetrics>
let held: string | null
let seen: Seen[]
/** Undefined: it is taken. */
let refuse: (write: Seen) => Answer | undefined

beforeEach(async () => {
  held = null
  seen = []
  refuse = () => undefined
  redis = await RedisStandIn.open(answer)
  metrics = createMetrics(false)
  store = new TieredReplayStore({
    settings: { ...settings, redisUrl: redis.url },
    clock,
    metrics,
    signals: new Signals(metrics, clock, settings.healthWindowMs),
    expiryMs: () => settings.replayTtlMs,
  })
  await store.open('test')
})
afterEach(async () => {
  await store.close()
  redis.close()
})

function answer(args: readonly string[], connection: number): Answer {
  if (args[0] === 'SET') held ??= args[2]!
  if (args[0] === 'GET' || args[0] === 'GETEX') return held
  if (args[0] === 'SMEMBERS') return []
  if (args[0] !== 'EVALSHA') return 1
  if (args[2] !== '4') return args[4]?.endsWith(':partitions') === true ? cleared(args) : 0
  const lasts = args.flatMap((one, at) => (at >= 16 && (at - 16) % 6 === 0 ? [Number(one)] : []))
  const write = { connection, partition: Number(args[14]), lasts, epoch: args[7]! }
  seen.push(write)
  const isTaken = write.epoch === held
  return refuse(write) ?? [held!, isTaken ? lasts.length : 0, null]
}

function cleared(args: readonly string[]): Answer {
  held = args[3 + Number(args[2])]!
  return [0, []]
}

const records = (partition: number, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => {
    return { partition, offset: BigInt(first + at), value: Buffer.from('value') }
  })
async function until(holds: () => boolean): Promise<void> {
  for (let times = 0; !holds() && times < 400; times++) await sleep(clock, 10)
  expect(holds()).toBe(true)
}
const settled = async () => {
  await new Promise((resolve) => setImmediate(resolve))
  await until(() => store.status()['redis_queue_bytes'] === 0)
}
const lost = () => sumOf(metrics.redisRecordsLost)

describe('of a batch', () => {
  test('only the part that was taken counts as stored', async () => {
    const full = new Error("OOM command not allowed when used memory > 'maxmemory'.")
    refuse = ({ partition }) => (partition === 1 ? full : undefined)
    store.add([...records(0, 0, 9), ...records(1, 0, 9), ...records(2, 0, 9)])
    await settled()
    expect([metrics.redisBlocksWritten.total, lost()]).toEqual([2, 10])
    expect([store.newest(0), store.newest(2)]).toEqual([9n, 9n])
    expect(store.status()['redis_refusal']).toBe('out_of_memory')
  })

  test('records that a script did not reach are lost, and counted by reason', async () => {
    refuse = ({ lasts }) => [held!, lasts.length - 1, 'NOREPLICAS Not enough good replicas.']
    store.add(records(0, 0, 9))
    await settled()
    expect([metrics.redisBlocksWritten.total, lost()]).toEqual([0, 10])
    expect(store.status()['redis_refusal']).toBe('no_replicas')
  })

  test.each<[string, Answer]>([
    ['another kind', 7],
    ['no answer in it', []],
    ['a count of something else', ['epoch', 'many', null]],
    ['an error of no known name', new Error('ERR something new')],
  ])('an answer of %s is no success', async (_, odd) => {
    refuse = () => odd
    store.add(records(0, 0, 9))
    await settled()
    expect([metrics.redisBlocksWritten.total, lost()]).toEqual([0, 10])
    expect(store.status()['redis_refusal']).toBe('other')
  })

  test('nothing counts as stored when the connection ends between two answers', async () => {
    refuse = ({ partition }) => (partition === 1 ? hangUp : undefined)
    store.add([...records(0, 0, 9), ...records(1, 0, 9)])
    await settled()
    expect([metrics.redisBlocksWritten.total, lost()]).toEqual([0, 20])
    expect(metrics.redisRecordsLost.of({ reason: 'connection' }).total).toBe(20)
  })
})

describe('a server that turns out to be a replica', () => {
  const readOnly = new Error("READONLY You can't write against a read only replica.")

  test('loses nothing: what it refused goes first to the next one, in its order', async () => {
    refuse = ({ connection }) => (connection <= 2 ? readOnly : undefined)
    for (let from = 0; from < 50; from += 10) {
      store.add(records(0, from, from + 9))
      await sleep(clock, 15)
    }
    await settled()
    const taken = seen.filter(({ connection }) => connection > 2).flatMap(({ lasts }) => lasts)
    expect(taken.at(-1)).toBe(49)
    expect(taken).toEqual(taken.toSorted((a, b) => a - b))
    expect(seen[0]?.lasts).toEqual(taken.slice(0, seen[0]?.lasts.length))
    expect([lost(), metrics.redisWriteFailures.total]).toEqual([0, 0])
    expect(redis.connections).toBeGreaterThan(2)
  })

  test('is not written what was reset since, wherever that waited', async () => {
    refuse = () => readOnly
    store.add(records(0, 0, 9))
    await until(() => seen.length > 0)
    const before = seen[0]!.epoch
    refuse = ({ epoch }) => (epoch === before ? readOnly : undefined)
    await store.clear(new AbortController().signal)
    store.add(records(0, 100, 109))
    await settled()
    const since = seen.filter(({ epoch }) => epoch !== before)
    expect(since.flatMap(({ lasts }) => lasts)).toEqual([109])
  })
})

test('a Redis that loses each script at once is reported, and asked twice', async () => {
  refuse = () => new Error('NOSCRIPT No matching script. Please use EVAL.')
  store.add(records(0, 0, 9))
  await settled()
  expect([seen.length, lost(), redis.connections]).toEqual([2, 10, 2])
  expect(store.status()['redis_refusal']).toBe('script_forgotten')
})

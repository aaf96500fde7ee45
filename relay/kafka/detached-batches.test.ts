/** A slow batch is detached: which partitions are fetched meanwhile, and where it goes on. */
import { describe, expect, test } from 'vitest'
import { settled } from '../world/manual-clock-testbed.ts'
import { DetachedBatches } from './detached-batches.ts'
import { batch } from './batches/batches-testbed.ts'
import { type Fetched, type FetchedRecord, leaveAnswer } from './batches/fetched.ts'
import { answerOf, topic } from './broker-testbed.ts'
import { consumerBench } from './consumer-testbed.ts'
import { fetchVersions } from './fetch-answer.ts'
import type { BatchRun } from './kafka-consumer.ts'
import { inside } from './kafkajs-patches.ts'

/** By default. */
const inflightBytesMax = 32 * 1_024 * 1_024
const answer = Buffer.alloc(10_000, 'answer')

function fetchedOf(partition: number, bytes = 100): Fetched {
  const value = answer.subarray(10, 10 + bytes)
  const records: FetchedRecord[] = [{ offset: 5n, key: null, value, timestampMs: 0 }]
  const known = { fetchedOffset: 5n, nextOffset: 6n, highWatermark: 9n }
  return { partition, records, bytes, ...known }
}

/** Three partitions, and their states; 1,000 bytes may be detached. */
function bench(partitions: readonly number[] = [0, 1, 2]) {
  const paused = new Set<number>()
  const fetches = {
    pause: (partition: number) => void paused.add(partition),
    resume: (all: readonly number[]) => all.forEach((one) => paused.delete(one)),
  }
  const batches = new DetachedBatches(fetches, 1_000)
  batches.assigned(partitions)
  const late = (partition: number, bytes?: number) => {
    const one = batches.begin(fetchedOf(partition, bytes))
    batches.slow(one)
    return one
  }
  return { batches, late, paused: () => [...paused].toSorted((a, b) => a - b) }
}

describe('a batch that takes long', () => {
  test('is detached: its partition is not fetched before it is done', () => {
    const { batches, late, paused } = bench()
    const one = late(1)
    expect([one.isDetached, paused()]).toEqual([true, [1]])
    batches.end(one)
    expect([paused(), batches.bytes]).toEqual([[], 0])
  })

  test('no longer keeps the answer in which it came', () => {
    const { late } = bench()
    const { records } = late(1).fetched
    expect(records[0]!.value).toEqual(answer.subarray(10, 110))
    expect(records[0]!.value!.buffer.byteLength).toBe(100)
  })

  test('is waited for where nothing else is fetched, until something is', () => {
    const { batches, late, paused } = bench()
    batches.stop(2)
    const [first, second] = [late(0), late(1)]
    expect([first.isDetached, second.isDetached]).toEqual([true, false])
    batches.end(first)
    expect([second.isDetached, paused()]).toEqual([true, [1, 2]])
  })

  test('blocks fetching where too much is detached, until it fits', () => {
    const { batches, late, paused } = bench()
    const [first, second] = [late(0, 400), late(1, 400)]
    expect([first.isDetached, second.isDetached, paused()]).toEqual([true, false, [0]])
    expect(batches.bytes).toBeLessThanOrEqual(1_000)
    batches.end(first)
    expect([second.isDetached, paused()]).toEqual([true, [1]])
  })

  test('fits alone if it is above the limit', () => {
    const { late } = bench()
    expect([late(0, 5_000).isDetached, late(1, 1).isDetached]).toEqual([true, false])
  })

  test('leaves its partition stopped where it stopped it', () => {
    const { batches, late, paused } = bench()
    const one = late(1)
    batches.stop(1)
    batches.end(one)
    expect(paused()).toEqual([1])
  })

  test('is done before its partition is resumed, even if a resume comes earlier', () => {
    const { batches, late, paused } = bench()
    const one = late(1)
    batches.stop(1)
    batches.resume([1], false)
    expect(paused()).toEqual([1])
    batches.end(one)
    expect(paused()).toEqual([])
  })

  test('is void once its partition is read from elsewhere', () => {
    const { batches, late, paused } = bench()
    const one = late(1)
    batches.resume([1], true)
    expect([one.isVoid, paused()]).toEqual([true, []])
    expect(batches.bytes).toBeGreaterThan(0)
    batches.stop(1)
    batches.end(one)
    expect([paused(), batches.bytes]).toEqual([[1], 0])
  })
})

test('records that leave an answer are what they were', () => {
  const [key, value] = [answer.subarray(0, 3), answer.subarray(3, 9)]
  const of = (offset: bigint, some: Partial<FetchedRecord>) =>
    ({ offset, key: null, value: null, timestampMs: 1, ...some }) satisfies FetchedRecord
  const make = () => [of(0n, { key, value }), of(1n, {}), of(2n, { value: Buffer.alloc(0) })]
  const fetched = { ...fetchedOf(0), records: make() }
  leaveAnswer(fetched)
  expect(fetched.records).toEqual(make())
  expect(fetched.records[0]!.key!.buffer).not.toBe(answer.buffer)
})

/** How many partitions of an answer, with one record each, are read and not left for later. */
async function readOf(partitions: number): Promise<number> {
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const asked = all.map((partition) => ({ partition, fetchOffset: '0' }))
  const request = { topics: [{ topic, partitions: asked }] }
  const { response } = inside.fetch().protocol({ version: fetchVersions.first })(request)
  const set = batch(0n, { values: [answer], codec: 0 })
  const { responses } = await response.decode(answerOf(all.map(() => set)))
  const read = responses.flatMap((one) => one.partitions)
  return read.filter(({ messages }) => messages.length > 0).length
}

/** A consumer of two partitions, whose batches are done when the test says so. */
async function consumerOf() {
  const batches: { run: BatchRun; done: PromiseWithResolvers<boolean> }[] = []
  const it = await consumerBench({
    positions: () => new Map([0, 1].map((one) => [one, 5n])),
    onBatch: (_, run) => {
      const done = Promise.withResolvers<boolean>()
      batches.push({ run, done })
      return done.promise
    },
    onRebalancing: () => {
      const stale = batches.filter(({ run }) => run.isStale())
      it.calls.push(`commit, ${stale.length} stale`)
    },
  })
  const take = (partition: number, bytes = 100) =>
    it.take({ ...fetchedOf(partition), bytes })
  return { ...it, batches, take }
}

describe('the consumer', () => {
  test('goes on without a detached batch, and after it when it is done', async () => {
    const { batches, take, calls } = await consumerOf()
    const taking = take(0)
    const { run, done } = batches[0]!
    await run.beat()
    run.detach()
    await taking
    await run.beat()
    expect(calls).toEqual(['heartbeat', 'pause 0'])
    done.resolve(true)
    await settled()
    expect(calls.slice(2)).toEqual(['seek 0 6', 'resume 0'])
  })

  test('resolves one that is done in time', async () => {
    const { batches, take, calls } = await consumerOf()
    const taking = take(0)
    batches[0]!.done.resolve(true)
    await taking
    expect(calls).toEqual(['resolve 0 5'])
  })

  test('voids detached batches before it commits for a rebalance', async () => {
    const { batches, rebalance, take, calls } = await consumerOf()
    const taking = take(0)
    const { run, done } = batches[0]!
    run.detach()
    await taking
    rebalance()
    done.resolve(true)
    await settled()
    expect(calls).toEqual(['pause 0', 'commit, 1 stale'])
  })

  test('fetches less while much is detached, but never nothing', async () => {
    const { batches, take } = await consumerOf()
    expect(await readOf(3)).toBe(3)
    const taking = take(0, inflightBytesMax)
    batches[0]!.run.detach()
    await taking
    expect(await readOf(3)).toBe(1)
    batches[0]!.done.resolve(true)
    await settled()
    expect(await readOf(3)).toBe(3)
  })
})

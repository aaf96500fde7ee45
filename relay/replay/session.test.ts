/**
 * A replay against a model of what the client is owed: whatever was stored, lost or never meant
 * for clients, and however the pages fall, every offset below the fence is accounted for once.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../metrics.ts'
import type { ReplayPage, ReplayStore } from '../parts.ts'
import { ManualClock } from '../world/manual-clock.ts'
import { readFrames, type Seen } from './frames-testbed.ts'
import { createNumberedReader } from './numbered.ts'
import type { ResumeRequest } from './resume.ts'
import { type ReplayNeeds, ReplaySession } from './session.ts'
import { Turns } from './turns.ts'

/** What became of each offset from `first` on. */
type Fate = 'stored' | 'lost' | 'natural'
interface Log {
  readonly first: bigint
  readonly fates: readonly Fate[]
}

/** A buffer that knows every fate, in pages of at most `pageOffsets` offsets. */
class ModelStore implements ReplayStore {
  readonly epoch = 'this one'
  readonly logs: ReadonlyMap<number, Log>
  readonly pageOffsets: number
  slowness: () => Promise<void> = async () => undefined

  constructor(logs: ReadonlyMap<number, Log>, pageOffsets: number) {
    this.logs = logs
    this.pageOffsets = pageOffsets
  }
  fate(partition: number, offset: bigint): Fate {
    const log = this.logs.get(partition)
    return log?.fates[Number(offset - log.first)] ?? 'lost'
  }
  async partitions() {
    await this.slowness()
    return { found: [...this.logs.keys()] }
  }
  async retained(partition: number) {
    const log = this.logs.get(partition)
    const stored = log?.fates.flatMap((fate, at) => (fate === 'lost' ? [] : [BigInt(at)])) ?? []
    if (log === undefined || stored.length === 0) return { found: undefined }
    return { found: { oldest: log.first + stored[0]!, newest: log.first + stored.at(-1)! } }
  }
  async page(partition: number, after: bigint, before: bigint): Promise<ReplayPage> {
    await this.slowness()
    const wanted = after + BigInt(this.pageOffsets)
    const through = wanted < before - 1n ? wanted : before - 1n
    const records: { offset: bigint; value: Buffer }[] = []
    const holes: { firstOffset: bigint; lastOffset: bigint }[] = []
    for (let offset = after + 1n; offset <= through; offset++) {
      const fate = this.fate(partition, offset)
      if (fate === 'stored') records.push({ offset, value: valueOf(partition, offset) })
      const last = holes.at(-1)
      if (fate !== 'lost') continue
      if (last?.lastOffset === offset - 1n) last.lastOffset = offset
      else holes.push({ firstOffset: offset, lastOffset: offset })
    }
    return { records, holes, through, hasMore: through + 1n < before }
  }
  add() {}
  addHole() {}
  async clear() {
    return { isCleared: true, keys: 0 }
  }
  status() {
    return {}
  }
  async close() {}
}

const valueOf = (partition: number, offset: bigint) => Buffer.from(`${partition}/${offset}`)

function begin(
  store: ReplayStore,
  request: Partial<ResumeRequest>,
  fence: ReadonlyMap<number, bigint>,
  more: Partial<ReplayNeeds> = {},
) {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const needs: ReplayNeeds = {
    clock,
    metrics,
    store,
    timeoutMs: 30_000,
    recordsMax: 1_000,
    chunkBytesMax: 300,
    logEnd: () => undefined,
    numbered: createNumberedReader(1_000_000),
    turns: new Turns(),
    ...more,
  }
  const asked: ResumeRequest = {
    mode: 'partition',
    from: 'cursor',
    cursors: new Map(),
    sequences: new Map(),
    epoch: undefined,
    ...request,
  }
  return { clock, metrics, session: new ReplaySession(needs, asked, fence) }
}

async function seenOf(session: ReplaySession): Promise<Seen[]> {
  const seen: Seen[] = []
  for await (const chunk of session.chunks()) seen.push(...readFrames(chunk))
  return seen
}

const recordsOf = (seen: readonly Seen[]) => seen.filter(isRecord)
const isRecord = (one: Seen): one is Extract<Seen, { type: 'record' }> => one.type === 'record'
const controlOf = (seen: readonly Seen[], type: string, partition?: number) =>
  (seen as readonly Record<string, unknown>[]).filter(
    (one) => one['type'] === type && (partition === undefined || one['partition'] === partition),
  )

/** A log from `first` on, a letter per offset: stored, lost, natural. */
function storeOf(fates: string, first = 0n, pageOffsets = 4): ModelStore {
  const words = { s: 'stored', l: 'lost', n: 'natural' } as const
  const letters = Array.from(fates) as (keyof typeof words)[]
  const log = { first, fates: letters.map((letter) => words[letter]) }
  return new ModelStore(new Map([[0, log]]), pageOffsets)
}
const one = (offset: bigint) => new Map([[0, offset]])

const range = (first: bigint, last: bigint) =>
  Array.from({ length: Number(last - first + 1n) }, (_, at) => first + BigInt(at))

/** Offsets that gaps declare missing, of one partition. */
function declared(seen: readonly Seen[], partition: number): bigint[] {
  return controlOf(seen, 'gap', partition).flatMap((gap) => {
    const missing = range(BigInt(gap['firstOffset'] as string), BigInt(gap['lastOffset'] as string))
    expect(gap['count']).toBe(missing.length)
    return missing
  })
}

/** Where the records and gaps of a partition stand, in the order in which they came. */
const placesOf = (seen: readonly Seen[], partition: number): bigint[] =>
  (seen as readonly Record<string, unknown>[])
    .filter((it) => it['partition'] === partition && it['type'] !== 'cursor_stale')
    .map((it) => BigInt((it['offset'] ?? it['firstOffset']) as string))
const byValue = (a: bigint, b: bigint) => (a < b ? -1 : 1)

/** One partition of a replay against its log. Returns whether stored records were left out. */
async function judge(
  seen: readonly Seen[],
  store: ModelStore,
  { partition, cursor, fence }: { partition: number; cursor: bigint | undefined; fence: bigint },
): Promise<boolean> {
  const oldest = (await store.retained(partition)).found?.oldest ?? fence
  const after = cursor ?? oldest - 1n
  const records = recordsOf(seen).filter((record) => record.partition === partition)
  const offsets = records.map(({ offset }) => offset)
  const owed = range(after + 1n, fence - 1n)
  const stored = owed.filter((offset) => store.fate(partition, offset) === 'stored')
  const lost = owed.filter((offset) => store.fate(partition, offset) === 'lost')
  const missing = declared(seen, partition)
  const isComplete = offsets.length === stored.length
  const [complete] = controlOf(seen, 'replay_complete')
  expect(offsets).toEqual(stored.slice(0, offsets.length))
  for (const { offset, value } of records) expect(value).toEqual(valueOf(partition, offset))
  expect(missing).toEqual(lost.slice(0, missing.length))
  expect(placesOf(seen, partition)).toEqual(placesOf(seen, partition).toSorted(byValue))
  expect(isComplete && complete?.['capped'] === false ? missing : lost).toEqual(lost)
  const last = complete?.['lastOffsetsByPartition'] as Record<string, string>
  expect(last[partition]).toBe(offsets.at(-1)?.toString())
  const isStale = cursor !== undefined && cursor < oldest - 1n
  expect(controlOf(seen, 'cursor_stale', partition)).toHaveLength(isStale ? 1 : 0)
  return !isComplete
}

const fates = fc.constantFrom<Fate>('stored', 'stored', 'stored', 'lost', 'natural')
const plans = fc.record({
  logs: fc.array(
    fc.record({
      first: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 63n - 100n })),
      fates: fc.array(fates, { minLength: 1, maxLength: 40 }),
      cursorAt: fc.option(fc.bigInt({ min: -3n, max: 39n }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  pageOffsets: fc.integer({ min: 1, max: 12 }),
  recordsMax: fc.integer({ min: 1, max: 60 }),
  from: fc.constantFrom<'cursor' | 'earliest'>('cursor', 'earliest'),
})
type Plan = typeof plans extends fc.Arbitrary<infer P> ? P : never

async function follow({ logs, pageOffsets, recordsMax, from }: Plan): Promise<void> {
  const store = new ModelStore(new Map(logs.entries()), pageOffsets)
  const places = logs.map(({ first, fates: { length }, cursorAt = -4n }, partition) => {
    const cursor = from === 'cursor' && first + cursorAt >= 0n ? first + cursorAt : undefined
    const isGiven = cursorAt >= -3n
    return { partition, cursor: isGiven ? cursor : undefined, fence: first + BigInt(length) }
  })
  const cursors = new Map<number, bigint>()
  for (const { partition, cursor } of places) {
    if (cursor !== undefined) cursors.set(partition, cursor)
  }
  const fence = new Map(places.map((place) => [place.partition, place.fence]))
  const { session } = begin(store, { from, cursors }, fence, { recordsMax })
  const seen = await seenOf(session)
  const count = recordsOf(seen).length
  expect(count).toBeLessThanOrEqual(recordsMax)
  expect(controlOf(seen, 'replay_complete')).toHaveLength(1)
  const leftOut: boolean[] = []
  for (const place of places) leftOut.push(await judge(seen, store, place))
  const isCapped = leftOut.includes(true)
  const end = { type: 'replay_complete', totalReplayed: count, mode: from, capped: isCapped }
  expect(seen.at(-1)).toMatchObject({ ...end, schema_version: 1, epoch: 'this one' })
  expect(session.outcome).toBe(isCapped ? 'capped' : 'complete')
}

test('every offset below the fence is sent, declared, natural or beyond the cap', async () => {
  await fc.assert(fc.asyncProperty(plans, follow), { numRuns: 300 })
})

/** What a client with this cursor sees, its fence being the end of the log. */
const resumed = async (store: ModelStore, cursor: bigint, more: Partial<ReplayNeeds> = {}) => {
  const fence = one(store.logs.get(0)!.first + BigInt(store.logs.get(0)!.fates.length))
  const seen = await seenOf(begin(store, { cursors: one(cursor) }, fence, more).session)
  return { seen, stale: controlOf(seen, 'cursor_stale'), missing: declared(seen, 0) }
}

describe('a cursor', () => {
  test('directly below what is retained has lost nothing', async () => {
    expect(await resumed(storeOf('ss', 500n), 499n)).toMatchObject({ stale: [], missing: [] })
    expect(await resumed(storeOf('ss', 500n), 498n)).toMatchObject({
      stale: [{ requested: '498', oldest: '500' }],
      missing: [499n],
    })
  })

  test('beyond the end of the log counts as never given; at its end it owes nothing', async () => {
    const more = { logEnd: () => 10n }
    const beyond = await resumed(storeOf('ssssssssss'), 10n, more)
    expect(beyond.stale).toMatchObject([{ requested: '10', oldest: '0' }])
    expect(recordsOf(beyond.seen)).toHaveLength(10)
    const end = await resumed(storeOf('ssssssssss'), 9n, more)
    expect(end.seen).toMatchObject([{ type: 'replay_complete', totalReplayed: 0 }])
  })

  test('is not judged by a log end that the live stream has passed, nor without one', async () => {
    const store = storeOf('ssssssssss')
    expect((await resumed(store, 9n, { logEnd: () => 4n })).stale).toEqual([])
    const most = 2n ** 63n - 1n
    expect((await resumed(store, most)).seen).toMatchObject([{ type: 'replay_complete' }])
    expect((await resumed(store, most, { logEnd: () => 4n })).stale).toHaveLength(1)
  })

  test('of another epoch is refused, not trusted', async () => {
    const store = storeOf('sss')
    const asked = { cursors: one(1n), epoch: 'another one' }
    const seen = await seenOf(begin(store, asked, one(3n)).session)
    expect(controlOf(seen, 'cursor_stale')).toMatchObject([{ partition: 0, requested: '1' }])
    expect(recordsOf(seen)).toHaveLength(3)
    const same = await seenOf(begin(store, { ...asked, epoch: 'this one' }, one(3n)).session)
    expect(recordsOf(same)).toHaveLength(1)
  })

  test('for which nothing is retained is told what it missed up to the fence', async () => {
    const seen = await seenOf(
      begin(new ModelStore(new Map(), 4), { cursors: one(5n) }, one(9n)).session,
    )
    expect(controlOf(seen, 'cursor_stale')).toMatchObject([{ requested: '5', oldest: '9' }])
    expect(seen.at(-1)).toMatchObject({ type: 'replay_complete', totalReplayed: 0 })
  })
})

describe('a replay', () => {
  test('of nothing is complete all the same, in every mode', async () => {
    for (const from of ['latest', 'earliest', 'cursor'] as const) {
      const seen = await seenOf(begin(new ModelStore(new Map(), 4), { from }, new Map()).session)
      expect(seen).toEqual([
        {
          type: 'replay_complete',
          mode: from,
          totalReplayed: 0,
          lastOffsetsByPartition: {},
          capped: false,
          schema_version: 1,
          epoch: 'this one',
        },
      ])
    }
  })

  test('from latest names where live begins, and the newest of what is not live here', async () => {
    const logs = { first: 7n, fates: ['stored', 'stored'] as const }
    const store = new ModelStore(new Map([0, 1].map((at) => [at, logs])), 4)
    const seen = await seenOf(begin(store, { from: 'latest' }, one(20n)).session)
    expect(seen).toMatchObject([{ lastOffsetsByPartition: { 0: '19', 1: '8' } }])
  })

  test('from earliest declares nothing below what is retained', async () => {
    const { session, metrics } = begin(storeOf('ss', 5_000_000n), { from: 'earliest' }, new Map())
    expect(recordsOf(await seenOf(session))).toHaveLength(2)
    expect(metrics.replayGapMessages.of({ mode: 'partition' }).total).toBe(0)
  })

  test('ends with an error when its time is over, whether store or client is slow', async () => {
    const slowStore = storeOf('ssss')
    slowStore.slowness = () => new Promise(() => undefined)
    const byStore = begin(slowStore, {}, one(4n), { timeoutMs: 2_000 })
    const reading = seenOf(byStore.session)
    await byStore.clock.pass(2_000)
    expect(await reading).toMatchObject([{ type: 'error', code: 'REPLAY_TIMEOUT' }])

    const byClient = begin(storeOf('ssssssss', 0n, 2), {}, one(8n), { timeoutMs: 2_000 })
    const seen: Seen[] = []
    for await (const chunk of byClient.session.chunks()) {
      seen.push(...readFrames(chunk))
      byClient.clock.advance(900)
    }
    expect(seen.map(({ type }) => type)).toEqual([...Array(6).fill('record'), 'error'])
    expect([byStore.session.outcome, byClient.session.outcome]).toEqual(['timeout', 'timeout'])
    const { replayOutcomes } = byClient.metrics
    expect(replayOutcomes.of({ outcome: 'timeout' }).total).toBe(1)
  })

  test('that nobody reads to its end is abandoned, and says so', async () => {
    const { session, metrics } = begin(storeOf('ssss', 0n, 1), {}, one(4n))
    for await (const _ of session.chunks()) break
    expect(metrics.replayOutcomes.of({ outcome: 'abandoned' }).total).toBe(1)
  })

  test('cuts chunks between frames, below their bound but for larger records', async () => {
    const { session } = begin(storeOf('ssssssssss', 0n, 10), {}, one(10n), { chunkBytesMax: 200 })
    const sizes: number[] = []
    for await (const chunk of session.chunks()) {
      expect(readFrames(chunk).length).toBeGreaterThan(0)
      sizes.push(chunk.length)
    }
    expect(Math.max(...sizes.slice(0, -1))).toBeLessThanOrEqual(200)
  })
})

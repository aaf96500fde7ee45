/**
 * A replay against a model of what the client must get: whatever was stored, lost or never meant
 * for clients, whatever befalls the buffer meanwhile and however the pages fall, every offset below
 * the fence is accounted for once. So it is over all the replays of a client that is capped.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Seen } from './frames-testbed.ts'
import * as model from './model-testbed.ts'
import { type Fate, ModelStore, placeText } from './model-testbed.ts'

const fates = fc.constantFrom<Fate>('stored', 'stored', 'stored', 'lost', 'natural')
const logs = fc.array(
  fc.record({
    first: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 63n - 100n })),
    fates: fc.array(fates, { minLength: 1, maxLength: 40 }),
    /** Where the cursor stands, from the first offset on. */
    cursorAt: fc.option(fc.bigInt({ min: -3n, max: 42n }), { nil: undefined }),
    /** How far the log's known end is off the fence. */
    logEndOff: fc.option(fc.bigInt({ min: -3n, max: 3n }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 3 },
)
const plans = fc.record({
  logs,
  pageOffsets: fc.integer({ min: 1, max: 12 }),
  recordsMax: fc.integer({ min: 1, max: 60 }),
  chunkBytesMax: fc.integer({ min: 1, max: 500 }),
  from: fc.constantFrom<'cursor' | 'earliest'>('cursor', 'cursor', 'earliest'),
  epoch: fc.constantFrom(undefined, undefined, 'this one', 'another one'),
  downFrom: fc.oneof(fc.constant(Infinity), fc.nat(12)),
  stored: fc.nat(40),
  evictAt: fc.oneof(fc.constant(Infinity), fc.nat(12)),
  evicted: fc.nat(30),
})
type Plan = typeof plans extends fc.Arbitrary<infer P> ? P : never

/** What one partition's client had, and where live begins for it. */
interface Place {
  readonly partition: number
  readonly cursor: bigint | undefined
  readonly fence: bigint
  readonly logEnd: bigint | undefined
}

const placesOf = ({ logs: all, from }: Plan): Place[] =>
  all.map(({ first, fates: { length }, cursorAt, logEndOff }, partition) => {
    const fence = first + BigInt(length)
    const at = cursorAt === undefined ? -1n : first + cursorAt
    const cursor = from === 'cursor' && at >= 0n ? at : undefined
    const logEnd = logEndOff === undefined ? undefined : fence + logEndOff
    return { partition, cursor, fence, logEnd }
  })

const storeFor = (plan: Plan) => {
  const { downFrom, stored, evictAt, evicted } = plan
  const trouble = { downFrom, stored, evictAt, evicted }
  return new ModelStore(new Map(plan.logs.entries()), plan.pageOffsets, trouble)
}

async function replay(store: ModelStore, plan: Plan, places: readonly Place[]) {
  const cursors = new Map<number, bigint>()
  for (const { partition, cursor } of places) {
    if (cursor !== undefined) cursors.set(partition, cursor)
  }
  const fence = new Map(places.map((place) => [place.partition, place.fence]))
  const { recordsMax, chunkBytesMax, from, epoch } = plan
  const more = { recordsMax, chunkBytesMax, logEnd: (at: number) => places[at]?.logEnd }
  const { session } = model.begin(store, { from, cursors, epoch }, fence, more)
  return { seen: await model.seenOf(session), session }
}

/** Where the records and gaps of a partition stand, in the order in which they came. */
const orderOf = (seen: readonly Seen[], partition: number): bigint[] =>
  (seen as readonly Record<string, unknown>[])
    .filter((it) => it['partition'] === partition && it['type'] !== 'cursor_stale')
    .map((it) => BigInt((it['offset'] ?? it['firstOffset']) as string))
const byValue = (a: bigint, b: bigint) => (a < b ? -1 : 1)

/** Where the replay of a partition has to begin, and whether its cursor is stale. */
function beginningOf(store: ModelStore, plan: Plan, { partition, cursor, fence, logEnd }: Place) {
  const reported = store.reported.get(partition)?.oldest ?? fence
  const oldest = reported > fence ? fence : reported
  const end = logEnd === undefined || fence > logEnd ? fence : logEnd
  const isOfOther = plan.epoch !== undefined && plan.epoch !== store.epoch
  const isBeyond = cursor !== undefined && logEnd !== undefined && cursor >= end
  const isForeign = cursor !== undefined && (isOfOther || isBeyond)
  const after = cursor === undefined || isForeign ? oldest - 1n : cursor
  const isStale = isForeign || (cursor !== undefined && cursor < oldest - 1n)
  return { after, isStale }
}

/** Judges one partition of a replay. Returns what of it was left for another one. */
function judge(store: ModelStore, plan: Plan, place: Place, seen: readonly Seen[]): bigint[] {
  const { partition, fence } = place
  const { after, isStale } = beginningOf(store, plan, place)
  const records = model.recordsOf(seen).filter((record) => record.partition === partition)
  const sent = records.map(({ offset }) => offset)
  for (const { offset, value } of records) expect(value).toEqual(placeText(partition, offset))
  expect(sent.every((offset) => store.fateAtFirst(partition, offset) === 'stored')).toBe(true)
  const missing = model.declared(seen, partition)
  expect(missing.every((offset) => store.wasLost(partition, offset))).toBe(true)
  const order = orderOf(seen, partition)
  expect(order).toEqual(order.toSorted(byValue))
  const reported = new Set([...sent, ...missing])
  expect(reported.size).toBe(sent.length + missing.length)
  const owed = model.range(after + 1n, fence - 1n)
  expect([...reported].filter((offset) => offset <= after || offset >= fence)).toEqual([])
  const left = owed.filter((offset) => {
    return !reported.has(offset) && store.fateAtFirst(partition, offset) !== 'natural'
  })
  const top = [...reported].reduce((max, offset) => (offset > max ? offset : max), after)
  expect(left.filter((offset) => offset <= top)).toEqual([])
  const [complete] = model.controlOf(seen, 'replay_complete')
  const last = complete?.['lastOffsetsByPartition'] as Record<string, string>
  expect(last[partition]).toBe(sent.at(-1)?.toString())
  expect(model.controlOf(seen, 'cursor_stale', partition)).toHaveLength(isStale ? 1 : 0)
  return left
}

async function follow(plan: Plan): Promise<void> {
  const store = storeFor(plan)
  const places = placesOf(plan)
  const { seen, session } = await replay(store, plan, places)
  const sent = model.recordsOf(seen)
  expect(sent.length).toBeLessThanOrEqual(plan.recordsMax)
  expect(model.controlOf(seen, 'replay_complete')).toHaveLength(1)
  const left = places.map((place) => judge(store, plan, place, seen))
  const isCapped = left.some(({ length }) => length > 0)
  const end = { type: 'replay_complete', totalReplayed: sent.length, mode: plan.from }
  const wasDegraded = store.wasDegraded ? 'down' : undefined
  const always = { capped: isCapped, schema_version: 1, epoch: 'this one' }
  expect(seen.at(-1)).toMatchObject({ ...end, ...always })
  expect((seen.at(-1) as { degraded?: string }).degraded).toBe(wasDegraded)
  expect(session.outcome).toBe(isCapped ? 'capped' : (wasDegraded && 'degraded') ?? 'complete')
  if (isCapped) expect(sent).toHaveLength(plan.recordsMax)
  for (const { partition, firstOffset, lastOffset, count } of session.rest) {
    expect(BigInt(count)).toBe(lastOffset - firstOffset + 1n)
    const own = left[partition]!
    expect(own.filter((offset) => offset < firstOffset || offset > lastOffset)).toEqual([])
    expect(model.declared(seen, partition).every((offset) => offset < firstOffset)).toBe(true)
  }
  const resting = session.rest.map(({ partition }) => partition)
  for (const { partition } of places) {
    if (left[partition]!.length > 0) expect(resting).toContain(partition)
  }
}

test('every offset below the fence is sent, declared, natural or beyond the cap', async () => {
  await fc.assert(fc.asyncProperty(plans, follow), { numRuns: 500 })
})

/** Resumes until a replay is not capped, as a client does: from the last record that it got. */
async function goOn(plan: Plan): Promise<void> {
  const calm = { ...plan, downFrom: Infinity, evictAt: Infinity, epoch: undefined }
  const store = storeFor(calm)
  const firstPlaces = placesOf(calm).map((place) => ({ ...place, logEnd: undefined }))
  let places = firstPlaces
  const sent: string[] = []
  for (let isCapped = true; isCapped; ) {
    const { seen } = await replay(store, { ...calm, from: 'cursor' }, places)
    sent.push(...model.recordsOf(seen).map(({ partition, offset }) => `${partition}/${offset}`))
    const { capped, lastOffsetsByPartition } = seen.at(-1) as unknown as {
      readonly capped: boolean
      readonly lastOffsetsByPartition: Readonly<Record<string, string>>
    }
    isCapped = capped
    places = places.map((place) => {
      const last = lastOffsetsByPartition[place.partition]
      return last === undefined ? place : { ...place, cursor: BigInt(last) }
    })
  }
  const owed = firstPlaces.flatMap((place) => {
    const { after } = beginningOf(store, calm, place)
    const stored = model
      .range(after + 1n, place.fence - 1n)
      .filter((offset) => store.fateAtFirst(place.partition, offset) === 'stored')
    return stored.map((offset) => `${place.partition}/${offset}`)
  })
  expect(sent).toHaveLength(owed.length)
  expect(new Set(sent)).toEqual(new Set(owed))
}

test('a client that goes on where it was capped gets everything once', async () => {
  await fc.assert(fc.asyncProperty(plans, goOn), { numRuns: 200 })
})

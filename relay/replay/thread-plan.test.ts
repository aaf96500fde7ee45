/**
 * A replay by thread against a model: every retained record that holds an event which is asked for
 * is sent once, each sequence that nowhere turned up is declared, and nothing else is.
 */
import { create } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import type { Numbered } from '../stages/sequences.ts'
import type { Seen } from './frames-testbed.ts'
import * as model from './model-testbed.ts'
import { type Fate, ModelStore } from './model-testbed.ts'
import { Turns } from '../world/turns.ts'

/** A record with one event, or a batch. */
function valueOf(events: readonly Numbered[]): Buffer {
  const bodies = events.map(({ thread, sequence }) => ({ header: { threadId: thread, sequence } }))
  const isBatch = events.length !== 1
  const message = isBatch
    ? ({ case: 'eventBatch', value: { header: {}, events: bodies } } as const)
    : ({ case: 'event', value: bodies[0]! } as const)
  return Buffer.from(encodeRecord(create(DashStreamMessageSchema, { message })))
}

interface Entry {
  readonly fate: Fate
  readonly events: readonly Numbered[]
  readonly isGarbage: boolean
}
/** A buffer of one log per partition, from `first` on. */
function storeOf(logs: readonly (readonly Entry[])[], first: bigint, pageOffsets: number) {
  const fates = logs.map((entries) => ({ first, fates: entries.map(({ fate }) => fate) }))
  const store = new ModelStore(new Map(fates.entries()), pageOffsets)
  store.valueOf = (partition, offset) => {
    const { events, isGarbage } = logs[partition]![Number(offset - first)]!
    return isGarbage ? Buffer.from([0, 0xff, 0xff]) : valueOf(events)
  }
  return store
}
const isNumbered = ({ thread, sequence }: Numbered) => thread !== '' && sequence > 0n
const fencesOf = (logs: readonly (readonly unknown[])[], first: bigint) =>
  new Map(logs.map(({ length }, partition) => [partition, first + BigInt(length)]))

const event: fc.Arbitrary<Numbered> = fc.record({
  thread: fc.constantFrom('a', 'b', 'c', ''),
  sequence: fc.bigInt({ min: 0n, max: 25n }),
})
const entry: fc.Arbitrary<Entry> = fc.record({
  fate: fc.constantFrom<Fate>('stored', 'stored', 'stored', 'stored', 'lost', 'natural'),
  events: fc.array(event, { minLength: 1, maxLength: 4 }),
  isGarbage: fc.integer({ min: 0, max: 15 }).map((one) => one === 0),
})
const plans = fc.record({
  logs: fc.array(fc.array(entry, { minLength: 1, maxLength: 25 }), { minLength: 1, maxLength: 3 }),
  first: fc.constantFrom(0n, 2n ** 53n - 5n, 2n ** 63n - 100n),
  wanted: fc.dictionary(fc.constantFrom('a', 'b', 'unknown'), fc.bigInt({ min: 0n, max: 26n })),
  pageOffsets: fc.integer({ min: 1, max: 12 }),
  recordsMax: fc.integer({ min: 1, max: 40 }),
})
type Plan = typeof plans extends fc.Arbitrary<infer P> ? P : never

/** What the replay has to find, before any cap: places with what they hold, in order. */
function owedOf({ logs, first, wanted }: Plan) {
  const isWanted = ({ thread, sequence }: Numbered) =>
    isNumbered({ thread, sequence }) && Object.hasOwn(wanted, thread) && sequence > wanted[thread]!
  return logs.flatMap((entries, partition) =>
    [...entries.entries()].flatMap(([at, { fate, events, isGarbage }]) => {
      const found = fate === 'stored' && !isGarbage ? events.filter(isWanted) : []
      return found.length > 0 ? [{ place: `${partition}/${first + BigInt(at)}`, found }] : []
    }),
  )
}

/** Sequences that did not turn up, from the request to the highest that did, by thread. */
function missingOf(wanted: Plan['wanted'], found: readonly Numbered[]): string[] {
  return Object.entries(wanted).flatMap(([thread, after]) => {
    const seen = new Set(found.filter((one) => one.thread === thread).map((one) => one.sequence))
    const top = [...seen].reduce((max, one) => (one > max ? one : max), after)
    const owed = model.range(after + 1n, top)
    return owed.filter((one) => !seen.has(one)).map((one) => `${thread} ${one}`)
  })
}

function declaredSequences(seen: readonly Seen[]): string[] {
  const gaps = model.controlOf(seen, 'gap').filter((gap) => gap['threadId'] !== undefined)
  return gaps.flatMap(({ threadId, firstSequence, lastSequence, count }) => {
    const missing = model.range(BigInt(firstSequence as string), BigInt(lastSequence as string))
    expect(count).toBe(missing.length)
    return missing.map((one) => `${threadId as string} ${one}`)
  })
}

async function replay(plan: Plan, wanted = plan.wanted) {
  const { logs, first, pageOffsets, recordsMax } = plan
  const store = storeOf(logs, first, pageOffsets)
  const sequences = new Map(Object.entries(wanted))
  const asked = { mode: 'thread', sequences } as const
  const more = { recordsMax }
  const { session } = model.begin(store, asked, fencesOf(logs, first), more)
  const seen = await model.seenOf(session)
  expect(session.rest).toEqual([])
  return { store, seen }
}

/** Holes of the partitions, with what cannot be read, from what is retained to the cap. */
function holesOf({ logs, first }: Plan, partition: number): bigint[] {
  const entries = [...logs[partition]!.entries()]
  const oldest = entries.findIndex(([, { fate }]) => fate !== 'lost')
  if (oldest === -1) return []
  return entries
    .filter(([at, { fate, isGarbage }]) => {
      return at >= oldest && (fate === 'lost' || (fate === 'stored' && isGarbage))
    })
    .map(([at]) => first + BigInt(at))
}

async function follow(plan: Plan): Promise<void> {
  const { seen } = await replay(plan)
  const owed = owedOf(plan)
  const isCapped = owed.length > plan.recordsMax
  const sent = owed.slice(0, plan.recordsMax)
  const places = model.recordsOf(seen).map(({ partition, offset }) => `${partition}/${offset}`)
  expect(places).toEqual(sent.map(({ place }) => place))
  const found = sent.flatMap((one) => one.found)
  expect(declaredSequences(seen)).toEqual(missingOf(plan.wanted, found))
  for (const [partition] of plan.logs.entries()) {
    const reported = model.declared(seen, partition)
    const holes = holesOf(plan, partition)
    expect(reported).toEqual(isCapped ? holes.slice(0, reported.length) : holes)
  }
  expect(model.controlOf(seen, 'cursor_stale')).toEqual([])
  const end = { type: 'replay_complete', mode: 'thread', totalReplayed: sent.length }
  const always = { capped: isCapped, schema_version: 1, epoch: 'this one' }
  expect(seen.at(-1)).toMatchObject({ ...end, ...always })
  const last = (seen.at(-1) as { lastOffsetsByPartition?: unknown }).lastOffsetsByPartition
  const ends = sent.map(({ place }) => place.split('/'))
  expect(last).toEqual(Object.fromEntries(ends))
}

test('exactly the records with requested events are sent, and missing ones declared', async () => {
  await fc.assert(fc.asyncProperty(plans, follow), { numRuns: 500 })
})

/** Threads as producers make them: each in one partition, its sequences ascending. */
const orderly = plans.map((plan): Plan => {
  const next = new Map<string, bigint>()
  const number = ({ thread, sequence }: Numbered, partition: number): Numbered => {
    const name = `${thread}${partition}`
    const at = (next.get(name) ?? 0n) + (sequence % 3n) + 1n
    next.set(name, at)
    return { thread: name, sequence: at }
  }
  const logs = plan.logs.map((entries, partition) =>
    entries.map((one) => ({
      ...one,
      isGarbage: false,
      events: one.events.map((each) => number(each, partition)),
    })),
  )
  const names = ['a0', 'b0', 'a1', 'a2', 'unknown']
  const wanted = Object.values(plan.wanted)
  return {
    ...plan,
    logs,
    wanted: Object.fromEntries(wanted.map((after, at) => [names[at]!, after])),
  }
})

test('a client that goes on where it was capped gets every record, and no more gaps', async () => {
  const goOn = async (plan: Plan) => {
    const whole = await replay({ ...plan, recordsMax: 1_000 })
    const sent: string[] = []
    const gaps: string[] = []
    const wanted = { ...plan.wanted }
    for (let isCapped = true; isCapped; ) {
      const { seen, store } = await replay(plan, wanted)
      const records = model.recordsOf(seen)
      sent.push(...records.map(({ partition, offset }) => `${partition}/${offset}`))
      gaps.push(...declaredSequences(seen))
      for (const { partition, offset } of records) {
        const at = Number(offset - store.logs.get(partition)!.first)
        for (const { thread, sequence } of plan.logs[partition]![at]!.events) {
          if (Object.hasOwn(wanted, thread) && sequence > wanted[thread]!) wanted[thread] = sequence
        }
      }
      isCapped = (seen.at(-1) as unknown as { capped: boolean }).capped
    }
    const places = model.recordsOf(whole.seen)
    expect(sent).toEqual(places.map(({ partition, offset }) => `${partition}/${offset}`))
    expect(gaps.toSorted()).toEqual(declaredSequences(whole.seen).toSorted())
  }
  await fc.assert(fc.asyncProperty(orderly, goOn), { numRuns: 200 })
})

const stored = (...events: readonly Numbered[]): Entry => ({
  fate: 'stored',
  events,
  isGarbage: false,
})
const of = (thread: string, sequence: bigint): Numbered => ({ thread, sequence })
const resume = async (logs: readonly (readonly Entry[])[], wanted: Plan['wanted']) =>
  (await replay({ logs, first: 0n, wanted, pageOffsets: 10, recordsMax: 100 } as Plan)).seen

describe('a replay by thread', () => {
  test('of nothing, or of unknown threads, is complete all the same', async () => {
    const complete = {
      type: 'replay_complete',
      mode: 'thread',
      totalReplayed: 0,
      lastOffsetsByPartition: {},
      capped: false,
      schema_version: 1,
      epoch: 'this one',
    }
    expect(await resume([], {})).toEqual([complete])
    expect(await resume([[stored(of('t', 1n))]], {})).toEqual([complete])
    expect(await resume([[stored(of('t', 1n))]], { unknown: 0n })).toEqual([complete])
  })

  test('counts every event of a batch, also where another thread ends it', async () => {
    const batch = model.range(1n, 50n).flatMap((at) => [of('t', at), of('u', at + 7n)])
    const seen = await resume([[stored(...batch)]], { t: 0n, u: 7n })
    expect(seen).toMatchObject([{ type: 'record' }, { type: 'replay_complete' }])
    const inside = await resume([[stored(...batch)], [stored(of('t', 53n))]], { t: 20n })
    expect(declaredSequences(inside)).toEqual(['t 51', 't 52'])
  })

  test('keeps the largest sequences apart', async () => {
    const most = 2n ** 64n - 1n
    const log = [stored(of('t', 2n ** 53n + 1n)), stored(of('t', most))]
    expect(model.recordsOf(await resume([log], { t: 2n ** 53n }))).toHaveLength(2)
    expect(model.recordsOf(await resume([log], { t: 2n ** 53n + 1n }))).toHaveLength(1)
    expect(model.recordsOf(await resume([log], { t: most }))).toHaveLength(0)
    const gaps = model.controlOf(await resume([log], { t: 2n ** 53n }), 'gap')
    expect(gaps).toMatchObject([
      { firstSequence: String(2n ** 53n + 2n), lastSequence: String(most - 1n) },
    ])
  })

  test('counts what it declares by what is missing', async () => {
    const lost: Entry = { fate: 'lost', events: [], isGarbage: false }
    const log = [stored(of('t', 1n)), lost, lost, stored(of('t', 5n))]
    const store = storeOf([log], 0n, 10)
    const asked = { mode: 'thread', sequences: new Map([['t', 0n]]) } as const
    const { session, metrics } = model.begin(store, asked, fencesOf([log], 0n))
    await model.seenOf(session)
    const { replayGapMessages: missing, replayMessages, resumeRequests } = metrics
    expect(missing.of({ mode: 'partition' }).total).toBe(2)
    expect(missing.of({ mode: 'thread' }).total).toBe(3)
    expect(replayMessages.of({ mode: 'thread' }).total).toBe(2)
    expect(resumeRequests.of({ mode: 'thread' }).total).toBe(1)
  })

  test('lets go of the event loop while it finds nothing, and ends in time', async () => {
    const log = model.range(1n, 100n).map((at) => stored(of('t', at)))
    const asked = { mode: 'thread', sequences: new Map([['u', 0n]]) } as const
    let turns = 0
    class CountedTurns extends Turns {
      override next() {
        turns += 1
        return super.next()
      }
    }
    const looked = async (timeoutMs: number) => {
      const { clock, session } = model.begin(storeOf([log], 0n, 10), asked, fencesOf([log], 0n), {
        timeoutMs,
        turns: new CountedTurns(),
        judge: () => {
          clock.advance(1)
          return { isValid: true, threads: [], stampMs: 0, isMultiThread: false }
        },
      })
      return model.seenOf(session)
    }
    expect(await looked(1_000)).toMatchObject([{ type: 'replay_complete' }])
    expect(turns).toBe(25)
    expect(await looked(50)).toMatchObject([{ type: 'error', code: 'REPLAY_TIMEOUT' }])
  })
})

test('turns come one in each turn of the event loop, in the order of asking', async () => {
  const turns = new Turns()
  const seen: [string, number][] = []
  let loop = 0
  const asked = ['one', 'two', 'three'].map(async (name) => {
    await turns.next()
    seen.push([name, loop])
  })
  for (; loop < 10; loop += 1) await new Promise((settle) => setImmediate(settle))
  await Promise.all(asked)
  expect(seen.map(([name]) => name)).toEqual(['one', 'two', 'three'])
  expect(new Set(seen.map(([, at]) => at)).size).toBe(3)
})

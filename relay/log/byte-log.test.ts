/** The byte log against a model that keeps every record and every reader's exact place. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteLog, type Cursor, type Slice } from './byte-log.ts'
import { recordFrames } from './frames.ts'
import type { MissedRange } from './record.ts'

interface Appended {
  readonly partition: number
  readonly offset: bigint
  readonly frames: Buffer
}

/** What the log must do, kept the slow and obvious way. */
class Model {
  readonly all: Appended[] = []
  readonly next = new Map<number, bigint>()

  append(partition: number, skip: number, value: Buffer): bigint {
    const offset = (this.next.get(partition) ?? 0n) + BigInt(skip)
    this.next.set(partition, offset + 1n)
    this.all.push({ partition, offset, frames: recordFrames(partition, offset, value) })
    return offset
  }

  bytes(from: number, to: number): Buffer {
    return Buffer.concat(this.all.slice(from, to).map(({ frames }) => frames))
  }

  /** Records by partition between two ordinals: how many, and the last of each. */
  between(from: number, to: number): Map<number, { count: number; first: bigint; last: bigint }> {
    const found = new Map<number, { count: number; first: bigint; last: bigint }>()
    for (const { partition, offset } of this.all.slice(from, to)) {
      const known = found.get(partition)
      if (known === undefined) found.set(partition, { count: 1, first: offset, last: offset })
      else Object.assign(known, { count: known.count + 1, last: offset })
    }
    return found
  }

  /** Offset of the newest record of a partition before an ordinal. */
  lastBefore(partition: number, ordinal: number): bigint | undefined {
    return this.all.slice(0, ordinal).findLast((one) => one.partition === partition)?.offset
  }
}

/** A reader as the send stage is one: a cursor, and at most one slice under way. */
interface Reader {
  readonly cursor: Cursor
  slice: Slice | undefined
}

const bounds = { bytesMax: 4_096, recordsMax: 64 }

interface Append {
  readonly do: 'append'
  readonly partition: number
  readonly skip: number
  readonly size: number
}
type Step =
  | Append
  | { readonly do: 'take'; readonly reader: number; readonly bytesMax: number }
  | { readonly do: 'release'; readonly reader: number }
  | { readonly do: 'join' }

const append = fc.record({
  do: fc.constant('append' as const),
  partition: fc.integer({ min: 0, max: 3 }),
  skip: fc.integer({ min: 0, max: 2 }),
  size: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 6_000 })),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: append },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      reader: fc.nat(9),
      bytesMax: fc.integer({ min: 1, max: 2_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), reader: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
)

function checkMissed(model: Model, from: number, to: number, missed: readonly MissedRange[]): void {
  const truth = model.between(from, to)
  expect(new Set(missed.map(({ partition }) => partition))).toEqual(new Set(truth.keys()))
  expect(missed).toHaveLength(truth.size)
  for (const { partition, firstOffset, lastOffset, count } of missed) {
    const { first, last, count: wanted } = truth.get(partition)!
    expect(count).toBe(wanted)
    expect(lastOffset).toBe(last)
    // The range begins at the first missed record, or in the natural hole right before it.
    const before = model.lastBefore(partition, from)
    expect(firstOffset <= first).toBe(true)
    expect(before === undefined || firstOffset > before).toBe(true)
    if (before === undefined) expect(firstOffset).toBe(first)
  }
}

/** Plays the steps on the log and on the model and compares after each. */
function play(steps: readonly Step[]): void {
  const log = new ByteLog(bounds)
  const model = new Model()
  const readers: Reader[] = [{ cursor: log.end(), slice: undefined }]
  const views: [Buffer, Buffer][] = []
  const readerOf = (index: number) => readers[index % readers.length]!
  for (const one of steps) {
    if (one.do === 'append') {
      const value = Buffer.alloc(one.size, model.all.length % 251)
      const offset = model.append(one.partition, one.skip, value)
      views.push([log.append(one.partition, offset, value), value])
    } else if (one.do === 'join') {
      readers.push({ cursor: log.end(), slice: undefined })
    } else if (one.do === 'release') {
      const reader = readerOf(one.reader)
      if (reader.slice !== undefined) log.release(reader.slice.segment)
      reader.slice = undefined
    } else takeWith(log, model, readerOf(one.reader), one.bytesMax)
    checkBounds(log, readers)
  }
  for (const [view, value] of views) expect(view).toEqual(value)
}

function takeWith(log: ByteLog, model: Model, reader: Reader, bytesMax: number): void {
  if (reader.slice !== undefined) return
  const { cursor } = reader
  const from = log.ordinalOf(cursor)
  if (log.isLapped(cursor)) {
    const missed = log.catchUp(cursor)
    checkMissed(model, from, log.ordinalOf(cursor), missed)
  }
  const start = log.ordinalOf(cursor)
  reader.slice = log.take(cursor, bytesMax)
  const end = log.ordinalOf(cursor)
  if (reader.slice === undefined) {
    expect(start).toBe(model.all.length)
    return
  }
  expect(reader.slice.bytes).toEqual(model.bytes(start, end))
  const { length } = reader.slice.bytes
  expect(end - start === 1 || length <= bytesMax).toBe(true)
  const { segment } = reader.slice
  const isLastOfSegment = end === segment.firstOrdinal + segment.count
  const withNext = isLastOfSegment ? Infinity : length + model.all[end]!.frames.length
  expect(withNext).toBeGreaterThan(bytesMax)
}

function checkBounds(log: ByteLog, readers: readonly Reader[]): void {
  expect(log.ringRecords).toBeLessThanOrEqual(bounds.recordsMax)
  const held = new Set(readers.map(({ slice }) => slice?.segment))
  const pinned = [...held].filter((segment) => segment?.isEvicted)
  expect(log.pinnedBytes).toBe(pinned.reduce((sum, segment) => sum + segment!.size, 0))
}

describe('byte log', () => {
  test('gives every reader exactly the records it has not read, or exactly what it missed', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 300 }), play), { numRuns: 300 })
  })

  test('a slice stays as it was after its segment has left the ring', () => {
    const log = new ByteLog(bounds)
    const cursor = log.end()
    log.append(0, 0n, Buffer.from('held'))
    const slice = log.take(cursor, 1_000)!
    const before = Buffer.from(slice.bytes)
    for (let offset = 1n; offset < 500n; offset += 1n) log.append(0, offset, Buffer.alloc(100))
    expect(slice.segment.isEvicted).toBe(true)
    expect(slice.bytes).toEqual(before)
    expect(log.pinnedBytes).toBe(slice.segment.size)
    log.release(slice.segment)
    expect(log.pinnedBytes).toBe(0)
  })

  test('readers that stand at the same place get the same slice, and hold it one by one', () => {
    const log = new ByteLog(bounds)
    const [one, other, later] = [log.end(), log.end(), log.end()]
    log.append(0, 0n, Buffer.alloc(10))
    const slice = log.take(one, 1_000)!
    expect(log.take(other, 1_000)).toBe(slice)
    log.append(0, 1n, Buffer.alloc(10))
    expect(log.take(later, 1_000)!.bytes.length).toBe(2 * slice.bytes.length)
    log.release(slice.segment)
    log.release(slice.segment)
    expect(slice.segment.isHeld).toBe(true)
  })

  test('keeps within its bytes, except for the one record that is larger than they are', () => {
    const log = new ByteLog(bounds)
    for (let offset = 0n; offset < 200n; offset += 1n) {
      log.append(0, offset, Buffer.alloc(300))
      expect(log.ringBytes).toBeLessThanOrEqual(bounds.bytesMax)
    }
    log.append(0, 200n, Buffer.alloc(10_000))
    expect(log.ringRecords).toBe(1)
    log.append(0, 201n, Buffer.alloc(300))
    expect(log.ringBytes).toBeLessThanOrEqual(bounds.bytesMax)
  })

  test('a reader that never read gets the first offset of all', () => {
    const log = new ByteLog(bounds)
    const cursor = log.end()
    log.append(0, 7n, Buffer.alloc(3_000))
    for (let offset = 40n; offset < 200n; offset += 1n) log.append(1, offset, Buffer.alloc(100))
    expect(log.catchUp(cursor)[0]).toEqual({
      partition: 0,
      firstOffset: 7n,
      lastOffset: 7n,
      count: 1,
    })
  })

  test('reports what was missed after a reset, and nothing from before', () => {
    const log = new ByteLog({ bytesMax: 4_096, recordsMax: 16 })
    for (let offset = 500n; offset < 503n; offset++) log.append(0, offset, Buffer.alloc(8))
    log.reset()
    const cursor = log.end()
    for (let offset = 0n; offset < 2n; offset++) log.append(1, offset, Buffer.alloc(8))
    for (let offset = 0n; offset < 40n; offset++) log.append(0, offset, Buffer.alloc(8))
    expect(log.isLapped(cursor)).toBe(true)
    const missed = log.catchUp(cursor).find(({ partition }) => partition === 0)
    expect(missed!.firstOffset).toBe(0n)
    expect(missed!.count).toBe(Number(missed!.lastOffset) + 1)
  })

  test('knows the next offset of every partition', () => {
    const log = new ByteLog(bounds)
    log.append(0, 9_007_199_254_740_993n, Buffer.alloc(1))
    log.append(3, 5n, Buffer.alloc(1))
    expect(log.nextOffsets()).toEqual(new Map([[0, 9_007_199_254_740_994n], [3, 6n]]))
  })
})

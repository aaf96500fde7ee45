/** Each batch of a record set is read, left for later or skipped, whatever the others are. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Allowance, recordBytes } from './allowance.ts'
import { batch, batchOf, type Plan } from './batches-testbed.ts'
import { openTransactions } from './transactions.ts'
import { workOf } from '../../world/work-testbed.ts'
import type { FetchedRecord } from './fetched.ts'
import { readRecordSet } from './record-set.ts'

/** What is read of a set that was asked for from its beginning; what it counts is right. */
async function readAll(set: Buffer, allowance: Allowance): Promise<readonly FetchedRecord[]> {
  const offset = set.length < 8 ? 0n : set.readBigInt64BE(0)
  const fetch = { offset, logEnd: -1n, hides: openTransactions([]) }
  const { bytes, nextOffset, records } = await readRecordSet(set, fetch, allowance)
  expect(bytes).toBe(records.reduce((sum, { value: one }) => sum + (one?.length ?? 0), 0))
  const last = records.at(-1)
  expect(nextOffset > (last?.unreadable?.lastOffset ?? last?.offset ?? -1n)).toBe(true)
  return records
}

const plenty = 1 << 20
const value = fc.option(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)
const plan: fc.Arbitrary<Plan> = fc.record({
  values: fc.array(value, { minLength: 1, maxLength: 12 }),
  codec: fc.constantFrom(0, 1, 4),
  tail: fc.nat(3),
})
const plans = fc.array(plan, { minLength: 1, maxLength: 6 })

interface Laid {
  readonly plan: Plan
  readonly firstOffset: bigint
  readonly bytes: Buffer
}
function lay(all: readonly Plan[]): Laid[] {
  let next = 100n
  return all.map((one) => {
    const firstOffset = next
    next += BigInt(one.values.length + (one.tail ?? 0))
    return { plan: one, firstOffset, bytes: batch(firstOffset, one) }
  })
}
const setOf = (laid: readonly Laid[]) => Buffer.concat(laid.map(({ bytes }) => bytes))
const wantedOf = ({ plan: { values }, firstOffset }: Laid) =>
  values.map((one, index) => [firstOffset + BigInt(index), one] as const)
const gotOf = (records: readonly FetchedRecord[]) =>
  records.map(({ offset, value: bytes }) => [offset, bytes] as const)

describe('what lies beyond the log end that the broker reports', () => {
  const from = 100n
  const laid = lay([
    { values: [Buffer.from('a')], codec: 0 },
    { values: [Buffer.from('b'), null], codec: 4 },
  ])
  /** Values, and how many batches were refused. */
  const seen = async (set: Buffer, logEnd: bigint) => {
    const fetch = { offset: from, logEnd, hides: openTransactions([]) }
    const { records } = await readRecordSet(set, fetch, new Allowance(plenty))
    const valid = records.filter(({ unreadable }) => unreadable === undefined)
    const refused = records.filter(({ unreadable }) => unreadable !== undefined)
    return [valid.length, refused.length]
  }

  test('was appended since it was asked for, and is read', async () => {
    for (const logEnd of [from, from + 1n, from + 3n]) {
      expect(await seen(setOf(laid), logEnd)).toEqual([3, 0])
    }
  })
  test('is refused where its checksum is wrong, or something is missing before it', async () => {
    const damaged = setOf(laid)
    damaged.writeInt32BE(1 << 30, laid[0]!.bytes.length + 23)
    expect(await seen(damaged, from + 1n)).toEqual([1, 1])
    const moved = setOf(laid)
    moved.writeBigInt64BE(from + 900n, laid[0]!.bytes.length)
    expect(await seen(moved, from + 1n)).toEqual([1, 1])
  })
})

describe('a record set', () => {
  test('is read whole, as far as it was fetched', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.nat(), async (all, cut) => {
        const laid = lay(all)
        const set = setOf(laid)
        const records = await readAll(set, new Allowance(plenty))
        expect(gotOf(records)).toEqual(laid.flatMap(wantedOf))
        expect(records[0]).toMatchObject({
          key: Buffer.from('key'),
          timestampMs: 1_700_000_000_000,
        })
        const end = cut % set.length
        let sum = 0
        const whole = laid.filter(({ bytes }) => (sum += bytes.length) <= end)
        const some = await readAll(set.subarray(0, end), new Allowance(plenty))
        const isCutOff = whole.length === 0 && end > 0
        if (isCutOff) expect(some).toMatchObject([{ unreadable: { fault: 'corrupt' } }])
        else expect(gotOf(some)).toEqual(whole.flatMap(wantedOf))
      }),
    )
  })

  test('with a broken batch has one record for it, and all records of the others', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.nat(), fc.nat(), async (all, which, codec) => {
        const laid = lay(all)
        const broken = laid[which % laid.length]!
        const { values, tail = 0 } = broken.plan
        const body = Buffer.from('no batch has these bytes')
        const kind = 1 + (codec % 7)
        const bytes = batchOf(broken.firstOffset, values.length, tail, kind, body)
        const set = laid.map((one) => (one === broken ? { ...one, bytes } : one))
        const records = await readAll(setOf(set), new Allowance(plenty))
        const bad = records.filter(({ unreadable }) => unreadable !== undefined)
        const lastOffset = broken.firstOffset + BigInt(values.length + tail - 1)
        expect(bad).toHaveLength(1)
        expect(bad[0]).toMatchObject({
          offset: broken.firstOffset,
          value: body,
          unreadable: {
            firstOffset: broken.firstOffset,
            lastOffset,
            fault: kind > 4 ? 'unknown_codec' : 'corrupt',
          },
        })
        const others = laid.filter((one) => one !== broken).flatMap(wantedOf)
        expect(gotOf(records.filter((one) => !bad.includes(one)))).toEqual(others)
      }),
    )
  })

  test('never throws, whatever its bytes are, and always gets on', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.array(fc.tuple(fc.nat(), fc.nat(255))), async (all, flips) => {
        const set = setOf(lay(all))
        for (const [place, byte] of flips) set[place % set.length] = byte
        const records = await readAll(set, new Allowance(plenty))
        expect(records.length).toBeLessThanOrEqual(set.length)
      }),
      { numRuns: 1_000 },
    )
  })

  test('shares its allowance with whatever else an answer holds', async () => {
    const values = [Buffer.alloc(600)]
    const [one, two] = [1n, 2n].map((offset) => batch(offset, { values, codec: 1 }))
    const allowance = new Allowance(1_000)
    expect(await readAll(one!, allowance)).toHaveLength(1)
    expect(await readAll(two!, allowance)).toHaveLength(0)
    expect(await readAll(two!, new Allowance(1_000))).toHaveLength(1)
  })

  test('is left for later where the answer comes to too much, but never all of it', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 8_000 }), async (all, bytesMax) => {
        const laid = lay(all)
        const got: (readonly [bigint, Buffer | null])[] = []
        let rest = laid
        for (let answers = 0; rest.length > 0; answers += 1) {
          expect(answers).toBeLessThan(laid.length)
          const records = await readAll(setOf(rest), new Allowance(bytesMax))
          const readable = records.filter(({ unreadable }) => unreadable === undefined)
          const costOf = (one: FetchedRecord) => recordBytes + (one.value?.length ?? 0)
          const sum = readable.reduce((bytes, one) => bytes + costOf(one), 0)
          const offsets = new Set(records.map(({ offset }) => offset))
          const isRead = (one: Laid) =>
            offsets.has(one.firstOffset) ||
            records.some(({ unreadable }) => unreadable?.firstOffset === one.firstOffset)
          const read = rest.filter(isRead)
          const isPacked = read.every((one) => one.plan.codec !== 0)
          if (isPacked) expect(sum).toBeLessThanOrEqual(bytesMax)
          got.push(...gotOf(readable))
          rest = rest.slice(read.length)
        }
        // What is refused alone is refused for good; the rest has come, in order and once.
        const fits = ({ plan: one }: Laid) => {
          const body = batch(0n, { ...one, codec: 0 }).length - 61
          return one.codec === 0 || body + recordBytes * one.values.length <= bytesMax
        }
        expect(got).toEqual(laid.filter(fits).flatMap(wantedOf))
      }),
    )
  })
})

test.each([[0, 3], [1, 2], [2, 1], [9, 1]])(
  'where earlier answers hold %s of three batches, %s are read, and always one',
  async (held, read) => {
    const large = { values: [Buffer.alloc(1_000)], codec: 4 }
    const set = Buffer.concat([0n, 1n, 2n].map((at) => batch(at, large)))
    const bytes = batch(0n, { ...large, codec: 0 }).length - 61 + recordBytes
    expect(await readAll(set, new Allowance(3 * bytes, held * bytes))).toHaveLength(read)
  },
)

test('the headers of a record cost nothing, however many they are', async () => {
  const read = (headers: number) => {
    const set = batch(0n, { values: [Buffer.from('v')], codec: 0, headers })
    return workOf(() => readAll(set, new Allowance(plenty)))
  }
  await read(1)
  expect(await read(20_000)).toBe(await read(1))
})

test('a record of a batch costs what the next one does', async () => {
  const read = (count: number) => {
    const values = Array<Buffer>(count).fill(Buffer.from('v'))
    const set = batch(0n, { values, codec: 0 })
    return workOf(() => readAll(set, new Allowance(plenty)))
  }
  await read(1)
  expect(await read(4_000)).toBeLessThan(5 * (await read(1_000)))
})

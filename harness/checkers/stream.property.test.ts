/**
 * The stream checker on random histories: none of the anomalies is found where none was put, and
 * exactly the one that was put is found where there is one.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crcOf, story, type Story } from '../history/story-testbed.ts'
import { stream } from './stream.ts'

const clients = [1, 2, 3]
const recordsMin = 30

/** A batch of consecutive offsets as one client gets it: where it is cut into runs. */
interface Plan {
  readonly partitions: readonly number[]
  /** Seeds of the cuts, by client and partition. */
  readonly cuts: readonly number[]
  readonly joinsAt: number
}

const plan = fc.record({
  partitions: fc.array(fc.integer({ min: recordsMin, max: 120 }), { minLength: 1, maxLength: 3 }),
  cuts: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 9, maxLength: 9 }),
  joinsAt: fc.integer({ min: 0, max: 9 }),
})

/** Offsets that a client gets, in order. */
type Deliveries = readonly number[]

/**
 * All records of every partition in batches of ten, acknowledged one second apart. The third
 * client joins late. `change` turns what one client gets of partition 0 into something else.
 */
function tell({ partitions, cuts, joinsAt }: Plan, change: (offsets: Deliveries) => Deliveries) {
  const told = story().opened(0.5, 1).opened(0.5, 2).opened(joinsAt + 0.5, 3)
  for (const [partition, records] of partitions.entries()) {
    for (let first = 0; first < records; first += 10) {
      told.acked(1 + first / 10, partition, first, Math.min(10, records - first))
    }
    for (const [index, client] of clients.entries()) {
      const start = client === 3 ? Math.min(records, joinsAt * 10) : 0
      const all = Array.from({ length: records - start }, (_, i) => start + i)
      const offsets = client === 2 && partition === 0 ? change(all) : all
      deliver(told, client, partition, offsets, cuts[index * 3 + partition] ?? 10)
    }
  }
  return told.phase('settle', 30, 40)
}

/** Writes offsets as runs that end where offsets jump, or after `cut` of them. */
function deliver(
  told: Story,
  client: number,
  partition: number,
  offsets: Deliveries,
  cut: number,
): void {
  let begin = 0
  for (let i = 1; i <= offsets.length; i += 1) {
    const isNext = offsets[i] === (offsets[i - 1] ?? 0) + 1
    if (i < offsets.length && isNext && i - begin < cut) continue
    const first = offsets[begin] as number
    told.delivered(2 + begin / 10 + first / 1e6, client, partition, first, i - begin)
    begin = i
  }
}

const found = (told: Story) => {
  const { verdict, anomalies = [] } = stream.judge(told.history(), {})
  return { verdict, anomalies: anomalies.map(({ kind, count }) => `${kind} ${count}`) }
}

/** An offset in the middle of partition 0, and how many records from there on. */
const place = fc.record({
  at: fc.integer({ min: 1, max: recordsMin - 12 }),
  many: fc.integer({ min: 1, max: 10 }),
})

describe('stream, on random histories', () => {
  test('finds nothing where there is nothing', () => {
    fc.assert(
      fc.property(plan, (given) => {
        expect(found(tell(given, (offsets) => offsets))).toEqual({ verdict: 'pass', anomalies: [] })
      }),
    )
  })

  test('finds records that one client did not get', () => {
    fc.assert(
      fc.property(plan, place, (given, { at, many }) => {
        const told = tell(given, (all) => all.filter((one) => one < at || one >= at + many))
        expect(found(told)).toEqual({ verdict: 'fail', anomalies: [`skip ${many}`] })
      }),
    )
  })

  test('finds the tail that one client did not get', () => {
    fc.assert(
      fc.property(plan, place, (given, { many }) => {
        const told = tell(given, (all) => all.slice(0, -many))
        expect(found(told)).toEqual({ verdict: 'fail', anomalies: [`lost ${many}`] })
      }),
    )
  })

  test('finds records that one client got twice', () => {
    fc.assert(
      fc.property(plan, place, (given, { at, many }) => {
        const twice = (all: Deliveries) => [
          ...all.slice(0, at + many),
          ...all.slice(at, at + many),
          ...all.slice(at + many),
        ]
        expect(found(tell(given, twice))).toEqual({
          verdict: 'fail',
          anomalies: [`duplicate ${many}`],
        })
      }),
    )
  })

  test('finds records that one client got too late', () => {
    fc.assert(
      fc.property(plan, place, (given, { at, many }) => {
        const late = (all: Deliveries) => [
          ...all.slice(0, at),
          ...all.slice(at + many, at + many + 1),
          ...all.slice(at, at + many),
          ...all.slice(at + many + 1),
        ]
        expect(found(tell(given, late))).toEqual({
          verdict: 'fail',
          anomalies: [`nonmonotonic ${many}`],
        })
      }),
    )
  })

  test('takes a declared gap for an account, and a false one for a lie', () => {
    fc.assert(
      fc.property(plan, place, fc.boolean(), (given, { at, many }, isTrue) => {
        const without = (all: Deliveries) => all.filter((one) => one < at || one >= at + many)
        const told = tell(given, isTrue ? without : (all) => all)
        told.stalled(1, 2, true).stalled(20, 2, false)
        const [firstOffset, lastOffset] = [String(at), String(at + many - 1)]
        told.control(29, 2, { type: 'gap', partition: 0, firstOffset, lastOffset, count: many })
        expect(found(told)).toEqual(
          isTrue
            ? { verdict: 'pass', anomalies: [] }
            : { verdict: 'fail', anomalies: [`gap-false ${many}`] },
        )
      }),
    )
  })

  test('finds records with other bytes', () => {
    fc.assert(
      fc.property(plan, place, (given, { at }) => {
        const told = tell(given, (all) => all)
        told.seen(2, 0, at - 1, [crcOf(0, at - 1), crcOf(0, at) + 1], [100, 100])
        expect(found(told)).toEqual({ verdict: 'fail', anomalies: ['garbled 1'] })
      }),
    )
  })
})

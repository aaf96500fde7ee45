/** What is missing of a thread is exactly what did not turn up, in whatever order the rest came. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Numbered } from '../stages/sequences.ts'
import { plentyOfMemory } from './model-testbed.ts'
import { ThreadAccount } from './thread-account.ts'

const most = 2n ** 64n - 1n
const missingOf = (account: ThreadAccount) =>
  [...account.missing()].map(({ thread, first, last }) => [thread, first, last])
const noted = (account: ThreadAccount, ...sequences: readonly bigint[]) => {
  account.note(sequences.map((sequence) => ({ thread: 't', sequence })))
  return missingOf(account)
}
const wanting = (after: bigint, spansMax?: number) =>
  new ThreadAccount(new Map([['t', after]]), plentyOfMemory.notes, spansMax)

test('gaps lead, lie between, and never trail', () => {
  expect(noted(wanting(0n))).toEqual([])
  expect(noted(wanting(0n), 1n, 2n, 3n)).toEqual([])
  expect(noted(wanting(4n), 8n, 9n, 12n)).toEqual([
    ['t', 5n, 7n],
    ['t', 10n, 11n],
  ])
})

test('the ends of the integers are ordinary', () => {
  expect(wanting(most).wants([{ thread: 't', sequence: most }])).toBe(false)
  expect(noted(wanting(most - 1n), most)).toEqual([])
  expect(noted(wanting(0n), most)).toEqual([['t', 1n, most - 1n]])
  expect(noted(wanting(2n ** 53n), 2n ** 53n + 2n)).toEqual([['t', 2n ** 53n + 1n, 2n ** 53n + 1n]])
})

test('in any order, of any threads, exactly the sequences that did not come are missing', () => {
  const thread = fc.constantFrom('a', 'b', 'c')
  const sequence = fc.bigInt({ min: 1n, max: 30n })
  const event: fc.Arbitrary<Numbered> = fc.record({ thread, sequence })
  const wanted = fc.dictionary(fc.constantFrom('a', 'b'), fc.bigInt({ min: 0n, max: 20n }))
  fc.assert(
    fc.property(wanted, fc.array(fc.array(event, { maxLength: 5 })), (requested, records) => {
      const account = new ThreadAccount(new Map(Object.entries(requested)), plentyOfMemory.notes)
      for (const events of records) account.note(events)
      const missing: string[] = []
      for (const [name, after] of Object.entries(requested)) {
        const own = records.flat().filter((one) => one.thread === name && one.sequence > after)
        const seen = new Set(own.map((one) => one.sequence))
        const top = own.reduce((max, one) => (one.sequence > max ? one.sequence : max), after)
        for (let at = after + 1n; at < top; at++) if (!seen.has(at)) missing.push(`${name} ${at}`)
      }
      const reported = [...account.missing()].flatMap(({ thread: name, first, last }) =>
        Array.from(
          { length: Number(last - first + 1n) },
          (_, at) => `${name} ${first + BigInt(at)}`,
        ),
      )
      expect(reported).toEqual(missing)
    }),
    { numRuns: 500 },
  )
})

describe('the account is bounded', () => {
  test('and not full of what is in order, however much, or was out of order and closed up', () => {
    const account = wanting(0n, 8)
    for (let at = 1n; at <= 10_000n; at += 2n) {
      account.note([at + 1n, at].map((sequence) => ({ thread: 't', sequence })))
      expect(account.isFull()).toBe(false)
    }
    expect(missingOf(account)).toEqual([])
  })

  test('but full of gaps', () => {
    const account = wanting(0n, 8)
    const full: bigint[] = []
    for (let at = 2n; at <= 20n; at += 2n) {
      account.note([{ thread: 't', sequence: at }])
      if (account.isFull()) full.push(at)
    }
    expect(full[0]).toBe(16n)
    expect(missingOf(account)).toHaveLength(10)
  })
})

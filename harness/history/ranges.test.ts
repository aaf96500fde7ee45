import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ranges, sizeOf } from './ranges.ts'

const range = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 8 }))

/** The same set as plain numbers. */
function both(added: readonly (readonly [number, number])[]) {
  const ranges = new Ranges()
  const plain = new Set<number>()
  for (const [first, more] of added) {
    ranges.add(first, first + more)
    for (let offset = first; offset <= first + more; offset += 1) plain.add(offset)
  }
  return { ranges, plain }
}

const listed = (ranges: readonly { first: number; last: number }[]) =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))

test('ranges are a set of numbers', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), range, (added, [first, more]) => {
      const { ranges, plain } = both(added)
      const window = listed([{ first, last: first + more }])
      expect(listed(ranges.all)).toEqual([...plain].sort((a, b) => a - b))
      expect(sizeOf(ranges.all)).toBe(plain.size)
      expect(listed(ranges.within(first, first + more))).toEqual(window.filter((n) => plain.has(n)))
      expect(listed(ranges.missing(first, first + more))).toEqual(
        window.filter((n) => !plain.has(n)),
      )
      expect(ranges.has(first)).toBe(plain.has(first))
    }),
  )
})

test('ranges that touch become one', () => {
  const { ranges } = both([[0, 4], [10, 4], [5, 4]])
  expect(ranges.all).toEqual([{ first: 0, last: 14 }])
  ranges.add(9, 3)
  expect([ranges.first, ranges.last]).toEqual([0, 14])
})

/** Dice: the same seed gives the same run, neighbours have nothing in common. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dice } from './dice.ts'

const draws = (seed: string, count: number) => {
  const die = dice(seed)
  return Array.from({ length: count }, () => die.next())
}

test('a seed always gives the same numbers', () => {
  const die = dice('golden')
  expect([die.int(1_000), die.int(1_000), die.int(2 ** 32), die.child('x').int(1_000)]).toEqual([
    307, 5, 1_505_111_736, 576,
  ])
})

test('every number is in [0, 1), every int below its bound, every pick from the list', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
      const die = dice(seed)
      const number = die.next()
      const int = die.int(bound)
      expect(number >= 0 && number < 1).toBe(true)
      expect(Number.isInteger(int) && int >= 0 && int < bound).toBe(true)
      expect(['x', 'y', 'z']).toContain(die.pick(['x', 'y', 'z']))
    }),
  )
})

test('a child does not depend on what its parent drew', () => {
  const parent = dice('parent')
  const before = parent.child('a').next()
  parent.next()
  expect(parent.child('a').next()).toBe(before)
  expect(parent.child('b').next()).not.toBe(before)
})

test('the numbers of one seed, and the firsts of neighbouring seeds, fill the range evenly', () => {
  const count = 64_000
  const neighbours = Array.from({ length: count }, (_, n) => dice(`seed/thread-1/${n}`).next())
  for (const sample of [draws('one seed', count), neighbours]) {
    const buckets = Array.from({ length: 64 }, () => 0)
    for (const number of sample) buckets[Math.floor(number * 64)]! += 1
    const expected = count / 64
    const chiSquare = buckets.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0)
    // 63 degrees of freedom: above 120 once in 50,000 fair samples; the seeds here are fixed.
    expect(chiSquare).toBeLessThan(120)
  }
})

test('neighbouring positions do not repeat each other', () => {
  const firsts = new Set(Array.from({ length: 20_000 }, (_, n) => dice(`s/t/${n}`).int(2 ** 32)))
  expect(firsts.size).toBeGreaterThan(19_995)
})

test('a bound that cannot be met is refused', () => {
  expect(() => dice('s').int(0)).toThrow(RangeError)
  expect(() => dice('s').int(1.5)).toThrow(RangeError)
  expect(() => dice('s').pick([])).toThrow(RangeError)
})

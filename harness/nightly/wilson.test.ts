/** Wilson's interval against values of the literature. */
import { expect, test } from 'vitest'
import { wilson } from './wilson.ts'

test.each([
  // Newcombe 1998, table I, method 3: two examples of a proportion.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
  // By hand: z²/(n + z²) beyond none and all.
  [0, 10, 0, 0.2775],
  [10, 10, 0.7225, 1],
  [5, 10, 0.2366, 0.7634],
])('%i of %i lie between %f and %f', (count, of, from, to) => {
  const [low, high] = wilson(count, of)
  expect(low).toBeCloseTo(from, 4)
  expect(high).toBeCloseTo(to, 4)
})

test('of nothing nothing is known', () => {
  expect(wilson(0, 0)).toEqual([0, 1])
})

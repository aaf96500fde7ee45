import { expect, test } from 'vitest'
import { median } from './median.ts'

test.each([
  [[], undefined],
  [[7], 7],
  [[1, 2], 2],
  [[10, 9, 100], 10],
  [[3, 1, 2, 1_000, 2], 2],
])('the median of %j is %s', (values, middle) => {
  expect(median(values)).toBe(middle)
})

test('what is given stays in its order', () => {
  const values = [3, 1, 2]
  median(values)
  expect(values).toEqual([3, 1, 2])
})

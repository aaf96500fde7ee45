/** Whether settling waits for records that the target was configured to leave. */
import { expect, test } from 'vitest'
import { standsAtPoison } from './calm.ts'

const produced = { firstPoison: { 1: '40' } }

test.each([
  ['at its first malformed record', new Map([[0, '12'], [1, '40']]), true],
  ['before it', new Map([[0, '40'], [1, '39']]), false],
  ['behind it', new Map([[1, '41']]), false],
  ['nowhere: nothing was committed', new Map<number, string>(), false],
])('a target stands %s', (_, committed, stands) => {
  expect(standsAtPoison(produced, committed)).toBe(stands)
})

/** How long something goes on, as it is typed. */
import { expect, test } from 'vitest'
import { durationOf } from './duration.ts'

test('a time is a count and a unit, and has an end', () => {
  expect(['90s', '5m', '1h'].map((text) => durationOf(text))).toEqual([90_000, 300_000, 3_600_000])
  for (const text of ['', '5', '5d', '-1m', '13h', '0s', '1.5m']) {
    expect(() => durationOf(text)).toThrow('--for takes a time')
  }
})

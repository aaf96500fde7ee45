/** Limits of one address: others are not held by them, and their memory is bounded. */
import { expect, test } from 'vitest'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { AddressBuckets } from './address-buckets.ts'

test('an address takes its share, and no other is held for it', () => {
  const clock = new ManualClock()
  const buckets = new AddressBuckets(clock, 2, 2)
  expect([1, 2, 3].map(() => buckets.take('a'))).toEqual([true, true, false])
  expect([buckets.waitMs('a'), buckets.waitMs('b')]).toEqual([500, 0])
  expect(buckets.take('b')).toBe(true)
  clock.advance(500)
  expect(buckets.take('a')).toBe(true)
})

test('the least recently used addresses are dropped', () => {
  const buckets = new AddressBuckets(new ManualClock(), 1, 1)
  for (let at = 0; at < 10_000; at += 1) buckets.take(`a${at}`)
  expect(buckets.take('a0')).toBe(false)
  for (let at = 0; at < 5_000; at += 1) buckets.take(`b${at}`)
  expect(buckets.size).toBe(10_000)
  expect([buckets.take('a0'), buckets.take('a1')]).toEqual([false, true])
})

/** Records are due by the clock alone: a slow sender does not slow the model down. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { openPace } from './pace.ts'

test('so many are due as the rate and the time say, at the times that the rate says', () => {
  const clock = new ManualClock()
  const startMs = clock.nowMs()
  const pace = openPace(clock)
  pace.change(200)
  clock.advance(24)
  expect(pace.take(100).map((dueMs) => dueMs - startMs)).toEqual([5, 10, 15, 20])
  expect(pace.take(100)).toEqual([])
  clock.advance(1)
  expect(pace.take(100)).toHaveLength(1)
  expect(pace.due).toBe(5)
})

test('who was held up finds everything that was due meanwhile, as late as it is', () => {
  const clock = new ManualClock()
  const startMs = clock.nowMs()
  const pace = openPace(clock)
  pace.change(1_000)
  clock.advance(10_000)
  expect(pace.take(4)).toEqual([1, 2, 3, 4].map((ms) => startMs + ms))
  expect(pace.take(100_000)).toHaveLength(9_996)
})

test('silence makes nothing due and forgets nothing', () => {
  const clock = new ManualClock()
  const pace = openPace(clock)
  pace.change(1_000)
  clock.advance(50)
  pace.change(0)
  clock.advance(10_000)
  expect(pace.due).toBe(50)
  expect(pace.take(20)).toHaveLength(20)
  expect(pace.take(100)).toHaveLength(30)
})

test('over any changes of rate, what was due is what was taken and what is left', () => {
  const step = fc.record({
    rate: fc.integer({ min: 0, max: 5_000 }),
    ms: fc.integer({ min: 0, max: 2_000 }),
    most: fc.integer({ min: 0, max: 500 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const clock = new ManualClock()
      const pace = openPace(clock)
      const taken: number[] = []
      let expected = 0
      for (const { rate, ms, most } of steps) {
        pace.change(rate)
        clock.advance(ms)
        expected += Math.floor((rate * ms) / 1_000)
        taken.push(...pace.take(most))
      }
      const rest = pace.take(Infinity)
      // A rate and a time multiply to a whole number now and then, where doubles may lose one.
      expect(Math.abs(pace.due - expected)).toBeLessThanOrEqual(steps.length)
      expect(taken.length + rest.length).toBe(pace.due)
      const times = [...taken, ...rest]
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(times.every((dueMs) => dueMs <= clock.nowMs() + 1e-6)).toBe(true)
    }),
  )
})

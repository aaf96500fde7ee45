/** The window against a model that remembers every event. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { Recency } from './recency.ts'

const step = fc.record({
  waitMs: fc.oneof(fc.nat(50), fc.nat(5_000), fc.constant(0), fc.nat(100_000)),
  count: fc.nat(20),
})

/** Every read of a window after every step, against all events so far. */
function follow(windowMs: number, startMs: number, steps: { waitMs: number; count: number }[]) {
  const clock = new ManualClock(startMs)
  const recency = new Recency(clock, windowMs)
  const events: { atMs: number; count: number }[] = []
  const since = (ms: number) =>
    events.filter(({ atMs }) => atMs >= ms).reduce((sum, { count }) => sum + count, 0)
  for (const { waitMs, count } of steps) {
    clock.advance(waitMs)
    recency.add(count)
    if (count > 0) events.push({ atMs: clock.nowMs(), count })
    const nowMs = clock.nowMs()
    const oldestMs = nowMs - 121 * Math.ceil(windowMs / 120)
    expect(recency.count()).toBeGreaterThanOrEqual(since(nowMs - windowMs))
    expect(recency.count()).toBeLessThanOrEqual(since(oldestMs + 1))
    const last = events.at(-1)
    expect(recency.ageMs()).toBe(last && nowMs - last.atMs)
  }
}

test('counts what lies in the window, and nothing older than the window and one bucket', () => {
  const windowMs = fc.integer({ min: 2_000, max: 120_000 })
  fc.assert(fc.property(windowMs, fc.nat(), fc.array(step, { maxLength: 60 }), follow))
})

test('never is undefined, also in the first millisecond, and the wall clock may jump', () => {
  const clock = new ManualClock(0)
  const recency = new Recency(clock, 1_000)
  expect([recency.ageMs(), recency.lastUnixMs(), recency.count()]).toEqual([
    undefined,
    undefined,
    0,
  ])
  recency.add()
  expect([recency.ageMs(), recency.count()]).toEqual([0, 1])
  clock.unixOffsetMs -= 3_600_000
  clock.advance(500)
  expect([recency.ageMs(), recency.count()]).toEqual([500, 1])
})

/**
 * Breaker and stall on their own clock: it opens when, and only when, records have waited
 * unmoved for the limit while brokers answered, and its countdown is true at every moment.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Stall } from '../lag/stall.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { breakerBody } from './body.ts'
import { createBreaker, watchBreaker } from './breaker.ts'

const limitMs = 120_000
const pollMs = 10_000

/** One partition with 100 records, and a breaker that watches it. */
function watched() {
  const clock = new ManualClock(1_000)
  const log = { position: 10n, end: 100n, isPaused: false, isAnswered: true }
  const stall = new Stall({
    clock,
    position: () => log.position,
    isPaused: () => log.isPaused,
  })
  const breaker = createBreaker(limitMs)
  const opened: number[] = []
  watchBreaker(clock, breaker, () => stall.ms(), () => opened.push(clock.nowMs()))
  const poll = () => {
    const { position, end: logEnd } = log
    const sample = { partition: 0, position, logStart: 0n, logEnd, idleMs: undefined }
    stall.polled(log.isAnswered ? [sample] : [])
  }
  const body = () => breakerBody(breaker, stall.ms())
  return { clock, log, stall, breaker, opened, poll, body }
}

test('a stall counts down to the second it announced', async () => {
  const { clock, opened, poll, body } = watched()
  expect(body()).toEqual({
    state: 'healthy',
    degraded_duration_seconds: null,
    time_until_restart_seconds: null,
  })
  poll()
  await clock.pass(50_000, pollMs)
  poll()
  expect(body()).toEqual({
    state: 'degraded',
    degraded_duration_seconds: 50,
    time_until_restart_seconds: 70,
  })
  await clock.pass(11_000, 1_000)
  expect(body()?.state).toBe('will_restart_soon')
  await clock.pass(58_000, 1_000)
  expect([body()?.time_until_restart_seconds, opened.length]).toEqual([1, 0])
  await clock.pass(1_000, 1_000)
  expect([body()?.time_until_restart_seconds, opened.length]).toEqual([0, 1])
  await clock.pass(60_000, 1_000)
  expect(opened).toHaveLength(1)
})

test('a record that is taken between polls ends the countdown at once', () => {
  const { log, poll, stall } = watched()
  poll()
  expect(stall.ms()).toBe(0)
  log.position += 1n
  expect(stall.ms()).toBeUndefined()
})

test('0 is off: no block, and nothing ever opens', () => {
  const breaker = createBreaker(0)
  expect([breaker.judge(1e12), breakerBody(breaker, 1e12)]).toEqual([undefined, undefined])
})

const step = fc.record({
  takes: fc.bigInt({ min: 0n, max: 2n }),
  comes: fc.bigInt({ min: 0n, max: 2n }),
  isPaused: fc.boolean(),
  isAnswered: fc.boolean(),
})
/** Long stretches of one kind, because random steps alone never stand still. */
const stretches = fc.array(fc.tuple(step, fc.integer({ min: 1, max: 15 })), { maxLength: 12 })

test('whatever happens, it opens exactly when the unmoved wait reaches the limit', async () => {
  await fc.assert(
    fc.asyncProperty(stretches, async (all) => {
      const { clock, log, opened, poll, breaker, stall } = watched()
      let unmovedPolls = 0
      let longest = 0
      for (const [{ takes, comes, ...state }, times] of all) {
        for (let time = 0; time < times && opened.length === 0; time += 1) {
          const room = log.end - log.position
          const taken = takes < room ? takes : room
          Object.assign(log, state, { position: log.position + taken, end: log.end + comes })
          const isWaiting = log.position < log.end && !log.isPaused && log.isAnswered
          if (taken > 0n || !isWaiting) unmovedPolls = 0
          if (isWaiting) unmovedPolls += 1
          poll()
          const left = breaker.judge(stall.ms())?.remainingMs
          expect(left).toBe(isWaiting ? limitMs - (unmovedPolls - 1) * pollMs : undefined)
          await clock.pass(pollMs, 1_000)
          if (isWaiting) longest = Math.max(longest, unmovedPolls)
        }
      }
      expect(opened.length > 0).toBe(longest * pollMs >= limitMs)
    }),
  )
})

/** Rates: what may come at once, what comes back, and that one client's excess is its own. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { Bucket } from './bucket.ts'
import { createRates } from './rates.ts'

const settings = {
  clientFramesPerSecondMax: 10,
  clientResumesPerMinuteMax: 2,
  resetsPerMinuteMax: 1,
}

test('a bucket never gives more than its burst and its rate allow, whenever it is asked', () => {
  const asked = fc.array(fc.nat(500), { maxLength: 200 })
  const isKept = fc.property(fc.integer({ min: 1, max: 50 }), asked, (perSecond, pausesMs) => {
    const clock = new ManualClock(7)
    const bucket = new Bucket(clock, perSecond, 5)
    let given = 0
    for (const pauseMs of pausesMs) {
      clock.advance(pauseMs)
      if (bucket.take()) given += 1
      expect(given).toBeLessThanOrEqual(5 + ((clock.nowMs() - 7) / 1_000) * perSecond + 1e-6)
    }
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test('a bucket that is left alone for long is full, and no more than that', () => {
  const clock = new ManualClock()
  const bucket = new Bucket(clock, 10, 5)
  clock.advance(3_600_000)
  expect(Array.from({ length: 6 }, () => bucket.take())).toEqual([...Array(5).fill(true), false])
})

test('a debt is paid by waiting as long as the bucket says', () => {
  const clock = new ManualClock()
  const bucket = new Bucket(clock, 10, 5)
  expect(bucket.spend(5)).toBe(0)
  expect(bucket.spend(20)).toBe(2_000)
  clock.advance(2_000)
  expect(bucket.spend(0)).toBe(0)
  expect(bucket.take()).toBe(false)
})

describe('a client', () => {
  test('may send ten seconds of frames at once; large ones count as several', () => {
    const clock = new ManualClock()
    const rates = createRates(clock, settings)
    const client = rates.openClient()
    for (let sent = 0; sent < 100; sent += 1) expect(client.frame(10)).toBe(0)
    expect(client.frame(10)).toBeGreaterThan(0)
    expect(rates.openClient().frame(10)).toBe(0)
    expect(rates.openClient().frame(1_048_576)).toBeGreaterThan(0)
  })

  test('may resume so often in a minute, and again when the time has passed', () => {
    const clock = new ManualClock()
    const client = createRates(clock, settings).openClient()
    expect([client.mayResume(), client.mayResume(), client.mayResume()]).toEqual([
      true,
      true,
      false,
    ])
    clock.advance(30_000)
    expect([client.mayResume(), client.mayResume()]).toEqual([true, false])
  })
})

test('resets are counted over all clients, and 0 is no limit anywhere', () => {
  const clock = new ManualClock()
  const rates = createRates(clock, settings)
  expect([rates.mayReset(), rates.mayReset()]).toEqual([true, false])
  const zeros = { clientFramesPerSecondMax: 0, clientResumesPerMinuteMax: 0, resetsPerMinuteMax: 0 }
  const free = createRates(clock, zeros)
  const client = free.openClient()
  for (let asked = 0; asked < 1_000; asked += 1) {
    expect([free.mayReset(), client.mayResume(), client.frame(1e6)]).toEqual([true, true, 0])
  }
})

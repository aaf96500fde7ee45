/** The young generation grows as far as it may, and is looked at no longer then. */
import { expect, test } from 'vitest'
import { keepYoungSmall } from './collector.ts'
import { ManualClock } from './manual-clock-testbed.ts'

test('growth ends once, where the bound is reached', () => {
  const clock = new ManualClock()
  const seen = { bytes: 1_048_576, looks: 0, stops: 0 }
  keepYoungSmall(clock, {
    bytes: () => {
      seen.looks += 1
      return seen.bytes
    },
    stopGrowth: () => (seen.stops += 1),
  })
  clock.advance(500)
  expect(seen).toMatchObject({ looks: 10, stops: 0 })
  seen.bytes *= 32
  clock.advance(500)
  expect(seen).toMatchObject({ looks: 11, stops: 1 })
})

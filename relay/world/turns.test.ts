/** Slices of work that would otherwise hold the loop. */
import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock-testbed.ts'
import { sliceMs, Slices } from './turns.ts'

const turn = () => new Promise((done) => setImmediate(done))

test('a slice has the same length for the first caller and for one that waited', async () => {
  const clock = new ManualClock()
  const slices = new Slices(clock)
  expect(slices.isOver).toBe(false)
  clock.advance(sliceMs)
  expect(slices.isOver).toBe(true)
  await slices.next()
  expect(slices.isOver).toBe(false)
  await turn()
  await slices.next()
  // Work that takes longer than a slice before it first looks has had its slice.
  clock.advance(sliceMs)
  expect(slices.isOver).toBe(true)
})

test('those who wait get a slice each', async () => {
  const clock = new ManualClock()
  const slices = new Slices(clock)
  const order: string[] = []
  const work = async (name: string) => {
    for (let left = 2; left > 0; left -= 1) {
      await slices.next()
      order.push(name)
      clock.advance(sliceMs)
    }
  }
  await Promise.all([work('a'), work('b')])
  expect(order).toEqual(['a', 'b', 'a', 'b'])
})

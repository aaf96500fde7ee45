/** What it costs to find who is next: as the places, not as those who wait. */
import { expect, test } from 'vitest'
import { workOf } from '../world/work-testbed.ts'
import { FairSlots } from './fair-slots.ts'

/** Every address but one waits once; slots are handed on until none waits. */
function handOn(addresses: number): () => number {
  const places = new FairSlots(1)
  let handed = 0
  const holders = ['first']
  places.take('first')
  for (let at = 0; at < addresses; at += 1) {
    const address = `a${at}`
    places.wait(address, () => {
      handed += 1
      holders.push(address)
    })
  }
  return () => {
    for (let holder = holders.pop(); holder !== undefined; holder = holders.pop()) {
      places.leave(holder)
    }
    return handed
  }
}

test('four times as many that wait cost four times as much, all of them together', async () => {
  const few = handOn(500)
  const many = handOn(2_000)
  const [one, four] = [await workOf(() => void few()), await workOf(() => void many())]
  expect(four).toBeLessThanOrEqual(5 * one)
  expect([few(), many()]).toEqual([500, 2_000])
})

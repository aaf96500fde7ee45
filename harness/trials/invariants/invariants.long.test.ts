/** Storms of every trouble, each in an order of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dice } from '../../world/dice.ts'
import { Testbed } from '../reference-testbed.ts'
import { newSeed, storm } from './storm.ts'
import { type Trouble, troubles } from './weather.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

/** All troubles, in the order that the seed gives them. */
function shuffled(seed: string): Trouble[] {
  const chance = dice(`${seed}/schedule`)
  const drawn = troubles.map((trouble) => ({ trouble, place: chance.next() }))
  return drawn.toSorted((a, b) => a.place - b.place).map(({ trouble }) => trouble)
}

test.for(Array.from({ length: 10 }, newSeed))('storm %s', async (seed) => {
  const schedule = shuffled(seed)
  const { counts, wrongs } = await storm(bed, seed, schedule)
  expect({ schedule, counts, wrongs }).toEqual({ schedule, counts, wrongs: [] })
  expect(counts['records']).toBeGreaterThan(1_000)
})

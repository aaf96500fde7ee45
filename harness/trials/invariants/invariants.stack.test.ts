/**
 * The invariants of the protocol, under troubles that the dice choose. The seed stands in the name
 * of the test; to repeat a storm, write it in place of `newSeed()`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dice } from '../../world/dice.ts'
import { Testbed } from '../reference-testbed.ts'
import { newSeed, storm } from './storm.ts'
import { troubles } from './weather.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const seed = newSeed()
const chance = dice(`${seed}/schedule`)
const schedule = Array.from({ length: 4 }, () => chance.pick(troubles))

test(`clients lose nothing without a word in storm ${seed}: ${schedule.join(', ')}`, async () => {
  const { counts, wrongs } = await storm(bed, seed, schedule)
  expect({ counts, wrongs }).toEqual({ counts, wrongs: [] })
  expect(counts['records']).toBeGreaterThan(1_000)
  expect(counts['resumes']).toBeGreaterThan(3)
})

/** The file of kept seeds: what is read of it, and what a damaged one says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  keptSeedsMax,
  readKeptSeeds,
  withSeeds,
  writeKeptSeeds,
  type KeptSeed,
} from './kept-seeds.ts'

const folder = mkdtempSync(join(tmpdir(), 'seeds-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'seeds.json')

const schedule: KeptSeed = { seed: 'a1', schedule: 3, parts: [2, 5], says: 'stream: lost 3' }
const scenario: KeptSeed = { seed: 'b2', scenario: 'replay-joins-live', says: 'a gap' }

test('the file of the repository is sound', () => {
  expect(Array.isArray(readKeptSeeds())).toBe(true)
})

test('a file that is not there keeps none', () => {
  expect(readKeptSeeds(join(folder, 'none.json'))).toEqual([])
})

test('what is written is read again', () => {
  writeKeptSeeds([schedule, scenario], file)
  expect(readKeptSeeds(file)).toEqual([schedule, scenario])
})

test.each([
  ['{"schemaVersion":1,', /seeds\.json cannot be read: .*fix: mend it/s],
  ['{"schemaVersion":2,"seeds":[]}', /is not a list of kept seeds at schemaVersion/],
  ['{"schemaVersion":1,"seeds":[{"seed":"a","says":""}]}', /at seeds\.0/],
  ['{"schemaVersion":1,"seeds":[{"seed":"a","says":"","schedule":0}]}', /at seeds\.0/],
])('a damaged file is refused: %s', (text, says) => {
  writeFileSync(file, text)
  expect(() => readKeptSeeds(file)).toThrow(says)
})

test('one is kept once, in its place and with its first words, and the oldest make room', () => {
  const again = { ...schedule, says: 'other words' }
  expect(withSeeds([schedule], [again, scenario])).toEqual([schedule, scenario])
  const many = Array.from({ length: keptSeedsMax }, (_, i): KeptSeed => {
    return { seed: String(i), schedule: 1, says: '' }
  })
  const full = withSeeds(many, [scenario])
  expect(full).toHaveLength(keptSeedsMax)
  expect([full[0]?.seed, full.at(-1)]).toEqual(['1', scenario])
})

/** What the parts of a night play, and what is made of loads. */
import { describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { LoadResult } from '../capacity/table.ts'
import { defectNames } from '../defects/index.ts'
import { Histories } from '../nightly/histories.ts'
import { unitOf } from '../nightly/night-testbed.ts'
import type { KeptSeed } from '../schedules/kept-seeds.ts'
import type { CommandWorld } from '../world/command-world.ts'
import type { NightPlace } from './nightly-items.ts'
import { foundOfLoad, nightParts, partsIn } from './nightly-parts.ts'

const place: NightPlace = {
  given: { clock, signal: new AbortController().signal } as unknown as CommandWorld,
  seed: 's 1',
  folder: '/nowhere',
  quiet: true,
  json: true,
  reproduce: 'again',
  histories: new Histories(),
  reports: new Map(),
  line: () => undefined,
}
const partsOf = (...kept: KeptSeed[]) => nightParts(place, kept, () => undefined)

describe('the parts', () => {
  test('are played in this order: what failed before first, random schedules last', () => {
    const names = partsOf().map(({ name }) => name)
    expect(names).toEqual(['kept', 'suite', 'defects', 'loads', 'fuzz', 'random'])
  })

  test('name each defect, each scenario of the suite, and how to repeat it', () => {
    const [, suite, defects, , , random] = partsOf()
    expect(defects?.units.map(({ name }) => name)).toEqual(defectNames)
    expect(defects?.units[0]?.reproduce).toMatch(/^npm run chaos -- run \S+ --seed 's 1' --defect/)
    expect(suite?.units.map(({ name }) => name)).toContain('restarts-lose-nothing')
    expect(suite?.units.map(({ name }) => name)).not.toContain('memory-stays-flat')
    expect(random?.more?.(3).reproduce).toBe(
      "npm run chaos -- run --suite random --schedule 3 --seed 's 1'",
    )
    for (const { estimatedMs } of [...(suite?.units ?? []), ...(defects?.units ?? [])]) {
      expect(estimatedMs).toBeGreaterThan(7_000)
    }
  })

  test('begin with kept seeds, each by its own seed', () => {
    const [kept] = partsOf(
      { seed: 'a', schedule: 2, parts: [1], says: '' },
      { seed: 'b', scenario: 'replay-joins-live', says: '' },
    )
    expect(kept?.units).toMatchObject([
      { name: 'random-2 parts 1 of seed a', item: { seed: 'a' } },
      { name: 'replay-joins-live of seed b', item: { seed: 'b' } },
    ])
    expect(kept?.units[1]?.reproduce).toMatch(/--seed b$/)
  })

  test('refuse a kept scenario that there is not', () => {
    expect(() => partsOf({ seed: 'b', scenario: 'nowhere', says: '' })).toThrow(
      /reports\/seeds\.json names the scenario nowhere, which there is not/,
    )
  })
})

test('the parts that were enough are kept with a schedule', () => {
  const command = 'npm run chaos -- run --schedule 3 --parts 2,5 --seed a'
  expect(partsIn(command)).toEqual({ parts: [2, 5] })
  expect(partsIn(undefined)).toEqual({})
})

describe('a load', () => {
  const relay = { p99: 12, rssBytes: 5e7 }
  type Goal = readonly [isMet: boolean | undefined, isForEveryHost: boolean]
  const outcomeOf = (goals: readonly Goal[], refused?: string) =>
    foundOfLoad(unitOf('busy', 1), {
      relay,
      refused,
      perCpuRatio: 5,
      goals: goals.map(([isMet, isForEveryHost]) => {
        return { goal: '>= 1', found: 1, isMet, isForEveryHost }
      }),
    } as unknown as LoadResult)

  test('fails by its goals for every host only', () => {
    expect(outcomeOf([[true, true], [false, false]])).toMatchObject({ outcome: 'pass', p99Ms: 12 })
    expect(outcomeOf([[false, true]])).toMatchObject({ outcome: 'fail' })
    expect(outcomeOf([[undefined, true]])).toMatchObject({ outcome: 'unknown' })
    expect(outcomeOf([[true, false]])).toMatchObject({ outcome: 'not-applicable' })
  })

  test('that is no result is unknown', () => {
    expect(outcomeOf([[false, true]], 'too slow')).toMatchObject({
      outcome: 'unknown',
      why: 'no result: too slow',
    })
  })
})

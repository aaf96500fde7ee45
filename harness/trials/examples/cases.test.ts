/** The table of the example relays leaves none of them out. */
import { expect, test } from 'vitest'
import { honestWays, unexpectedRecords, suites } from './cases.ts'
import { looks, type LookName } from './looks.ts'
import { ways, wayNames, type Way } from './ways.ts'

const cases = suites.flatMap((suite) => suite.cases)

test('each way is played', () => {
  const played = new Set([
    ...cases.flatMap(({ own }) => own),
    ...unexpectedRecords.map(([way]) => way),
  ])
  expect(wayNames.filter((way) => !played.has(way))).toEqual([])
})

test('each look must pass a relay that is honest in every way', () => {
  const isPassed = (look: LookName) =>
    cases.some((one) => one.look === look && one.own === honestWays)
  expect(Object.keys(looks).filter((look) => !isPassed(look as LookName))).toEqual([])
})

test('what is wrong fails something, and no case is played twice', () => {
  const isHonest = (own: readonly Way[]) => own.every((way) => ways[way].is === 'honest')
  for (const { own, fails } of cases) expect(Object.keys(fails).length > 0).toBe(!isHonest(own))
  const names = cases.map(({ look, own }) => `${look} ${own.join()}`)
  expect(new Set(names).size).toBe(names.length)
})

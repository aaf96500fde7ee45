/** What `--suite random` plays, and the command that repeats each of it. */
import { describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { UsageError } from '../world/exit-codes.ts'
import { randomRunPlan, scheduleItems, refuseWithoutRandom, type RandomOptions } from './random.ts'

const { signal } = new AbortController()
const planOf = (options: RandomOptions) =>
  randomRunPlan({ clock, signal }, options, (scenario, words, seed) => ({
    scenario,
    target: { kind: 'reference' },
    reproduce: [...words, '--seed', seed].join(' '),
  }))
const namesOf = (options: RandomOptions, seed = '7') =>
  planOf(options).items(seed).map(({ scenario }) => scenario.name)

describe('random schedules', () => {
  test('are one of the seed, or the one that is named, or some of its parts', () => {
    expect(namesOf({})).toEqual(['random-1'])
    expect(namesOf({ schedule: '3' })).toEqual(['random-3'])
    expect(namesOf({ schedule: '3', parts: '2,1' })).toEqual(['random-3-parts-1-2'])
    const [item] = planOf({ schedule: '3', parts: '2' }).items('7')
    expect(item).toMatchObject({
      seed: '7',
      reproduce: '--suite random --schedule 3 --parts 2 --seed 7',
    })
  })

  test('are with a time as many as fit, each repeated by its number', () => {
    const { items, endless } = planOf({ for: '5m' })
    expect(items('7').at(-1)?.scenario.name).toBe('random-1')
    const nowMs = clock.nowMs()
    const more = endless?.('7', nowMs)
    expect(more?.untilMs).toBe(nowMs + 300_000)
    expect(more?.next(60_000)?.reproduce).toBe('--suite random --schedule 2 --seed 7')
    expect(more?.next(60_000)?.reproduce).toBe('--suite random --schedule 3 --seed 7')
    expect(more?.next(300_000)).toBeUndefined()
    expect(planOf({}).endless).toBeUndefined()
  })

  test('that failed once are run with the parts that were enough, or whole', () => {
    const { again } = scheduleItems((scenario, words, seed) => {
      return { scenario, target: { kind: 'reference' }, reproduce: words.join(' '), seed }
    })
    const kept = { seed: '7', schedule: 3, says: '' }
    expect(again({ ...kept, parts: [2] }).scenario.name).toBe('random-3-parts-2')
    expect(again({ ...kept, parts: [2, 99] }).scenario.name).toBe('random-3')
  })

  test.each<[RandomOptions, string]>([
    [{ schedule: '0' }, '--schedule takes the number'],
    [{ schedule: 'x' }, '--schedule takes the number'],
    [{ for: '5' }, '--for takes a time'],
    [{ for: '5m', schedule: '2' }, 'not both'],
    [{ parts: '99' }, '--parts takes numbers of the'],
    [{ parts: 'a' }, '--parts takes numbers of the'],
    [{ shrinkFor: '5' }, '--shrink-for takes a time'],
  ])('are refused as %o', (options, says) => {
    expect(() => namesOf(options)).toThrow(UsageError)
    expect(() => namesOf(options)).toThrow(says)
  })

  test('alone know their options', () => {
    expect(() => refuseWithoutRandom({ suite: 'quick', for: '5m' })).toThrow('--for is for random')
    expect(() => refuseWithoutRandom({ parts: '2' })).toThrow('--parts is for random')
    expect(refuseWithoutRandom({ suite: 'random', parts: '2' })).toBeUndefined()
    expect(refuseWithoutRandom({ suite: 'quick' })).toBeUndefined()
  })
})

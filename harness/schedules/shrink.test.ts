/** The search for fewer parts, on runs that are made up. */
import { describe, expect, test } from 'vitest'
import { shrink, type Parts } from './shrink.ts'

const all = [1, 2, 3, 4, 5, 6]

type Fails = (parts: Parts, run: number) => boolean

/** Shrinks a schedule whose parts fail as `fails` says, `limit` runs at most. */
async function shrunk(fails: Fails, limit = Infinity, parts = all) {
  const tried: string[] = []
  const result = await shrink({
    parts,
    fails: async (some) => {
      tried.push(some.join())
      return fails(some, tried.filter((one) => one === some.join()).length)
    },
    isOver: () => tried.length >= limit,
  })
  return { ...result, tried }
}
const needs = (...wanted: readonly number[]) => (parts: Parts) =>
  wanted.every((one) => parts.includes(one))

describe('a schedule that failed', () => {
  test('shrinks to the one part that it takes, run three times, and others once', async () => {
    const { parts, tried, isCutShort } = await shrunk(needs(3))
    expect({ parts, tried, isCutShort }).toEqual({
      parts: [3],
      tried: ['1', '2', '3', '3', '3'],
      isCutShort: false,
    })
  })

  test.each([
    [[1, 3]],
    [[4, 6]],
    [[2, 5]],
    [[1, 2, 6]],
    [[1, 3, 4, 6]],
  ])('shrinks to the parts that it takes together: %o', async (wanted) => {
    expect((await shrunk(needs(...wanted))).parts).toEqual(wanted)
  })

  test('stays as it is where nothing smaller fails', async () => {
    expect(await shrunk(needs(...all))).toMatchObject({ parts: undefined, isCutShort: false })
    expect((await shrunk(() => false)).parts).toBeUndefined()
    expect(await shrunk(needs(1), Infinity, [1])).toMatchObject({ parts: undefined, runs: 0 })
  })

  test('takes what fails in three of five runs, and nothing that fails more seldom', async () => {
    const failing = (...runs: readonly number[]) => (parts: Parts, run: number) =>
      parts.join() === '2' && runs.includes(run)
    expect((await shrunk(failing(1, 3, 5))).parts).toEqual([2])
    expect((await shrunk(failing(1, 2, 4))).parts).toEqual([2])
    const seldom = await shrunk(failing(1, 3))
    expect(seldom.parts).toBeUndefined()
    expect(seldom.tried.filter((one) => one === '2')).toHaveLength(5)
    const soon = await shrunk(failing(1))
    expect(soon.tried.filter((one) => one === '2')).toHaveLength(4)
  })

  test('has no candidate tried twice', async () => {
    const { tried } = await shrunk(needs(1, 2, 3), Infinity, [1, 2, 3])
    expect(tried.filter((one) => one === '1,2')).toHaveLength(3)
  })

  test('is given up when time is over, with what was found by then', async () => {
    expect(await shrunk(needs(6), 4)).toMatchObject({ parts: undefined, runs: 4, isCutShort: true })
    expect(await shrunk(needs(1), 2)).toMatchObject({ parts: undefined, isCutShort: true })
    const some = await shrunk(needs(1, 3), 9)
    expect(some).toMatchObject({ parts: [1, 2, 3], isCutShort: true })
  })
})

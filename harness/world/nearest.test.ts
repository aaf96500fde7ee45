import { describe, expect, it } from 'vitest'
import { UsageError } from './exit-codes.ts'
import { known, nearest } from './nearest.ts'

const names = ['M-1033', 'M-1034', 'v8-L3', 'health-reflects-current-state'] as const

describe('nearest', () => {
  it.each([
    ['m-1034', 'M-1034'],
    ['M1034', 'M-1034'],
    ['M-1O34', 'M-1034'],
    ['v8L3', 'v8-L3'],
    ['health-reflects-curent-state', 'health-reflects-current-state'],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearest(typed, names)).toBe(meant)
  })

  it('finds nothing near a name of another world', () => {
    expect(nearest('completely-different', names)).toBeUndefined()
  })
})

describe('known', () => {
  it('returns a known name as it is', () => {
    expect(known('finding', 'v8-L3', names)).toBe('v8-L3')
  })

  it('refuses an unknown one with what was probably meant', () => {
    expect(() => known('finding', 'M-1O34', names)).toThrow(
      new UsageError('there is no finding "M-1O34"; did you mean "M-1034"?'),
    )
  })

  it('says of many names where they stand, of few what they are', () => {
    expect(() => known('scenario', 'zzz', names)).toThrow('see npm run chaos -- list scenarios')
    expect(() => known('suite', 'zzz', ['quick', 'soak'])).toThrow('known are: quick, soak')
  })
})

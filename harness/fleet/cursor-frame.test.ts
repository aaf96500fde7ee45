import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cursorOf, readCursor } from './cursor-frame.ts'

function fast(text: string) {
  const bytes = Buffer.from(`..${text}..`)
  const into = { partition: -1, offset: -1 }
  return readCursor(bytes, 2, bytes.length - 2, into) ? into : undefined
}

const spellings = [
  (p: string | number, o: string | number) => `{"type":"cursor","partition":${p},"offset":"${o}"}`,
  (p: string | number, o: string | number) => `{"offset":"${o}","partition":${p},"type":"cursor"}`,
]

describe('a cursor frame', () => {
  it.each(spellings)('is read from its bytes as from its JSON (%#)', (spell) => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(1e15 - 1), (partition, offset) => {
        const text = spell(partition, offset)
        expect(fast(text)).toEqual({ partition, offset })
        expect(cursorOf(JSON.parse(text) as Record<string, unknown>)).toEqual({ partition, offset })
      }),
    )
  })

  it('in any other spelling is left to JSON', () => {
    const frame = { partition: 3, type: 'cursor', offset: '17' }
    for (const text of [JSON.stringify(frame), JSON.stringify(frame, null, 1)]) {
      expect(fast(text)).toBeUndefined()
      expect(cursorOf(JSON.parse(text) as Record<string, unknown>)).toEqual({
        partition: 3,
        offset: 17,
      })
    }
  })

  const odd = ['', '01', '1.5', '-1', '1e3', '9'.repeat(16)]
  it.each(odd)('is not read fast with number %s', (n) => {
    for (const spell of spellings) {
      expect(fast(spell(n, 5))).toBeUndefined()
      expect(fast(spell(5, n))).toBeUndefined()
    }
  })

  it('is not read fast with anything before, after or missing', () => {
    for (const spell of spellings) {
      const text = spell(1, 2)
      expect(fast(` ${text}`)).toBeUndefined()
      expect(fast(`${text} `)).toBeUndefined()
      for (let end = 0; end < text.length; end += 1) {
        expect(fast(text.slice(0, end))).toBeUndefined()
      }
    }
  })

  it.each([
    [{ partition: -1, offset: '1' }, 'cursor-partition'],
    [{ partition: '1', offset: '1' }, 'cursor-partition'],
    [{ partition: 1, offset: 1 }, 'cursor-offset'],
    [{ partition: 1, offset: '-1' }, 'cursor-offset'],
    [{ partition: 1, offset: '9007199254740992' }, 'cursor-offset-too-large'],
  ])('%j is refused as %s', (frame, why) => {
    expect(cursorOf(frame)).toBe(why)
  })
})

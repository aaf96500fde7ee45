/** The portable check agrees with the runtime's. */
import { isUtf8 as isUtf8Native } from 'node:buffer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isUtf8 } from './utf8.ts'

describe('isUtf8', () => {
  it('agrees with the runtime on all pairs of bytes and what may follow them', () => {
    const wrong: string[] = []
    for (let first = 0; first < 256; first += 1) {
      for (let second = 0; second < 256; second += 1) {
        for (const rest of [[], [0x80], [0xbf], [0x80, 0x80], [0xbf, 0xbf], [0x80, 0x41]]) {
          const bytes = Uint8Array.of(first, second, ...rest)
          if (isUtf8(bytes) !== isUtf8Native(bytes)) wrong.push(Buffer.from(bytes).toString('hex'))
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('agrees with the runtime on damaged text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((each) => Buffer.from(each))
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(255), (bytes, at, byte) => {
        const hit = Buffer.from(bytes)
        if (hit.length > 0) hit[at % hit.length] = byte
        expect(isUtf8(hit)).toBe(isUtf8Native(hit))
        expect(isUtf8(bytes)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

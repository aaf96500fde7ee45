/** Our SHA-256 is the one everybody has. */
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from './sha256.ts'

const native = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const ours = (bytes: Uint8Array) => Buffer.from(sha256(bytes)).toString('hex')

describe('sha256', () => {
  it('agrees with the runtime around every block boundary', () => {
    const lengths = Array.from({ length: 200 }, (_, length) => Buffer.alloc(length, length))
    expect(lengths.map(ours)).toEqual(lengths.map(native))
  })

  it('agrees with the runtime on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expect(ours(bytes)).toBe(native(bytes))
      }),
      { numRuns: 200 },
    )
  })
})

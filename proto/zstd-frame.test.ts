/** The walk over a frame ends exactly where the decompressor ends, for whatever it produces. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { measureFrame } from './zstd-frame.ts'

const anyContent = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Raw, RLE and compressed blocks, several of them, and all widths of the size field.
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(6000))
    .map(([word, times]) => Buffer.alloc(word.length * times, word)),
)
const anyFrame = fc
  .tuple(anyContent, fc.boolean(), fc.integer({ min: 1, max: 19 }))
  .map(([content, hasChecksum, level]) => ({
    content,
    frame: zstdCompressSync(content, {
      pledgedSrcSize: content.length,
      params: {
        [constants.ZSTD_c_checksumFlag]: hasChecksum ? 1 : 0,
        [constants.ZSTD_c_compressionLevel]: level,
      },
    }),
  }))

describe('measureFrame', () => {
  it('reads the size of every frame that zstd writes', () => {
    fc.assert(
      fc.property(anyFrame, ({ content, frame }) => {
        expect(measureFrame(frame)).toEqual({ ok: true, contentBytes: content.length })
      }),
      { numRuns: 100 },
    )
  })

  it('accepts nothing shorter and nothing longer', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), ({ frame }, anywhere) => {
        expect(measureFrame(frame.subarray(0, anywhere % frame.length)).ok).toBe(false)
        expect(measureFrame(Buffer.concat([frame, frame]))).toMatchObject({
          reason: 'zstd_not_single',
        })
      }),
      { numRuns: 100 },
    )
  })

  it.each([
    ['sized', 'a0 04000000 01 00 00', undefined],
    ['a reserved bit', 'a8 04000000 01 00 00', 'zstd_invalid'],
    ['a reserved block', 'a0 04000000 07 00 00', 'zstd_invalid'],
    ['a dictionary', 'a1 07 04000000 01 00 00', 'zstd_invalid'],
    ['dictionary 0, which is none', 'a1 00 04000000 01 00 00', undefined],
    ['no size', '00 38 01 00 00', 'zstd_unsized'],
    ['half a size', 'a0 0400', 'zstd_invalid'],
    ['half a block header', 'a0 04000000 01 00', 'zstd_invalid'],
    ['half a checksum', 'a4 04000000 01 00 00 ab cd', 'zstd_invalid'],
    ['only the magic', '', 'zstd_invalid'],
  ])('with %s', (_what, digits, reason) => {
    const frame = Buffer.from(`28b52ffd${digits.replaceAll(' ', '')}`, 'hex')
    const expected = reason ? { ok: false, reason } : { ok: true, contentBytes: 4 }
    expect(measureFrame(frame)).toMatchObject(expected)
  })

  it('does not overlook a second frame, as the runtime does', () => {
    const [one, two] = ['one', 'two'].map((word) => zstdCompressSync(Buffer.from(word)))
    const both = Buffer.concat([one as Buffer, two as Buffer])
    expect(zstdDecompressSync(both).toString()).toBe('one')
    expect(measureFrame(both)).toMatchObject({ reason: 'zstd_not_single' })
  })
})

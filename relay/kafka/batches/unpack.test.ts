/** Every codec: what was packed comes out, nothing beyond the bound does, bad bytes are values. */
import * as fc from 'fast-check'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { blocks, lz4, lz4Form, snappy } from './batches-testbed.ts'
import { unpack } from './unpack.ts'

const enough = 1_000_000
const numbers = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Something packed by any codec. */
const packed = fc.oneof(
  fc.tuple(blocks, lz4Form).map(([all, form]) => ({ codec: numbers.lz4, ...lz4(all, form) })),
  fc.tuple(blocks, fc.boolean()).map(([all, isJavas]) => {
    return { codec: numbers.snappy, ...snappy(all, isJavas) }
  }),
  fc.uint8Array({ maxLength: 2_000 }).map((bytes) => {
    return { codec: numbers.gzip, packed: gzipSync(bytes), content: Buffer.from(bytes) }
  }),
  fc.uint8Array({ maxLength: 2_000 }).map((bytes) => {
    return { codec: numbers.zstd, packed: zstdCompressSync(bytes), content: Buffer.from(bytes) }
  }),
)

test('what was packed comes out', async () => {
  await fc.assert(
    fc.asyncProperty(packed, async (one) => {
      const got = await unpack(one.codec, one.packed, Math.max(1, one.content.length))
      expect(got.ok && got.bytes.equals(one.content)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('a byte more than may be is too much', async () => {
  await fc.assert(
    fc.asyncProperty(packed, async ({ codec, content, packed: bytes }) => {
      fc.pre(content.length > 0)
      const got = await unpack(codec, bytes, content.length - 1)
      expect(got).toMatchObject({ ok: false, fault: 'too_large' })
    }),
    { numRuns: 500 },
  )
})

/** Bytes that were packed and then damaged, or were never packed. */
const damaged = fc.oneof(
  fc.tuple(packed, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean()).map(
    ([one, place, flip, isCut]) => {
      const bytes = Buffer.from(one.packed)
      const at = place % bytes.length
      bytes[at]! ^= flip
      return { codec: one.codec, bytes: isCut ? bytes.subarray(0, at) : bytes }
    },
  ),
  fc.record({
    codec: fc.constantFrom(...Object.values(numbers)),
    bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  }),
)

test('damaged bytes are a value with a reason, or fit', async () => {
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(damaged, async ({ codec, bytes }) => {
      const got = await unpack(codec, bytes, enough)
      seen.add(got.ok ? 'fits' : got.fault)
      if (got.ok) expect(got.bytes.length).toBeLessThanOrEqual(enough)
    }),
    { numRuns: 2_000 },
  )
  expect([...seen]).toContain('corrupt')
})

test.each([numbers.gzip, numbers.zstd, numbers.lz4, numbers.snappy])(
  'a bomb of codec %i ends at the bound',
  async (codec) => {
    const zeros = Buffer.alloc(50_000_000)
    const step = { literal: Uint8Array.of(0), place: 0, length: 60_000 }
    const bombs = {
      [numbers.gzip]: () => gzipSync(zeros),
      [numbers.zstd]: () => zstdCompressSync(zeros),
      [numbers.lz4]: () => lz4Bomb(),
      [numbers.snappy]: () => snappy([Array.from({ length: 20_000 }, () => step)], false).packed,
    }
    const got = await unpack(codec, bombs[codec](), enough)
    expect(got).toMatchObject({ ok: false, fault: 'too_large' })
  },
)

/** Blocks that each are within their own limit, and many of them. */
function lz4Bomb(): Buffer {
  const form = { isLinked: false, isRaw: [], hasBlockChecksums: false } as const
  const one = [{ literal: Uint8Array.of(0), place: 0, length: 60_000 }]
  const all = Array.from({ length: 20 }, () => one)
  return lz4(all, { ...form, hasContentSize: false, hasContentChecksum: false }).packed
}

/** A frame of one or more compressed blocks of at most 255 bytes each. */
const frame = (flags: number, ...parts: readonly (readonly number[])[]) => {
  const blocksOf = parts.flatMap((part) => [part.length, 0, 0, 0, ...part])
  return Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0, ...blocksOf, 0, 0, 0, 0])
}
const [apart, linked] = [0x60, 0x40]
/** Three literals; then eight bytes from `distance` before, and a last literal. */
const reach = (distance: number) => [0x34, 1, 2, 3, distance, 0, 0x10, 9]

test.each([
  ['what was not written', numbers.lz4, frame(apart, reach(4))],
  ['the block before, which is apart', numbers.lz4, frame(apart, reach(3), reach(4))],
  ['nothing', numbers.lz4, frame(apart, reach(0))],
  ['what was not written', numbers.snappy, Buffer.of(8, 0, 7, 0b0000_1101, 2)],
  ['nothing', numbers.snappy, Buffer.of(8, 0, 7, 0b0000_1101, 0)],
])('a match of %s is corrupt: nothing of our own memory gets out', async (_, codec, bytes) => {
  expect(await unpack(codec, bytes, enough)).toMatchObject({ ok: false, fault: 'corrupt' })
})

test('a match may reach into the block before, where they are linked', async () => {
  const got = await unpack(numbers.lz4, frame(linked, reach(3), reach(4)), enough)
  const first = [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 9]
  expect(got.ok && [...got.bytes]).toEqual([...first, 1, 2, 3, 9, 1, 2, 3, 9, 1, 2, 3, 9])
})

test.each([
  ['shorter', Buffer.of(3, 4, 7, 7)],
  ['longer', Buffer.of(1, 4, 7, 7)],
])('a Snappy block that is %s than it says is corrupt', async (_, bytes) => {
  const got = await unpack(numbers.snappy, bytes, enough)
  expect(got).toMatchObject({ ok: false, fault: 'corrupt' })
})

test('an unknown codec is refused as one', async () => {
  const got = await unpack(7, Buffer.alloc(9), enough)
  expect(got).toMatchObject({ ok: false, fault: 'unknown_codec' })
})

/** A skippable frame of three bytes. */
const skippable = Buffer.from('5c2a4d1803000000010203', 'hex')
const framed = packed.filter(({ codec }) => codec !== numbers.snappy)

test('frames that follow one another are one content, whatever stands between them', async () => {
  await fc.assert(
    fc.asyncProperty(framed, fc.integer({ min: 2, max: 4 }), async (one, times) => {
      const between = one.codec === numbers.gzip ? Buffer.alloc(0) : skippable
      const parts = Array.from({ length: times }, () => [between, one.packed]).flat()
      const bytes = Buffer.concat([...parts, between])
      const content = Buffer.concat(Array<Buffer>(times).fill(one.content))
      const got = await unpack(one.codec, bytes, Math.max(1, content.length))
      expect(got.ok && got.bytes.equals(content)).toBe(true)
      if (content.length < times) return
      const short = await unpack(one.codec, bytes, content.length - 1)
      expect(short).toMatchObject({ ok: false, fault: 'too_large' })
    }),
    { numRuns: 200 },
  )
})

test.each([numbers.lz4, numbers.zstd])('codec %i is cut off in what is skipped', async (codec) => {
  const got = await unpack(codec, skippable.subarray(0, -1), enough)
  expect(got).toMatchObject({ ok: false, fault: 'corrupt' })
})

test('frames of nothing without end are not unpacked one by one', async () => {
  const bytes = Buffer.concat(Array<Buffer>(1_025).fill(zstdCompressSync(Buffer.alloc(0))))
  const got = await unpack(numbers.zstd, bytes, enough)
  expect(got).toMatchObject({ ok: false, fault: 'corrupt' })
})

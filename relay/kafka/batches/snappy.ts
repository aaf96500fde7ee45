/**
 * Snappy, as producers of Kafka write it: one raw block (format_description.txt), or many of them
 * in the framing of snappy-java. Sizes are found before a byte of output is allocated.
 */
import { corrupt, tooLarge } from './faults.ts'
import { copyLiteral, copyMatch } from './match.ts'

/** The magic bytes of snappy-java; two versions of four bytes follow. */
const javaMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const javaHeaderBytes = javaMagic.length + 8

interface Block {
  /** Start and end of its elements. */
  readonly start: number
  readonly end: number
  readonly size: number
}

/**
 * @returns the content of all blocks
 * @throws UnpackError
 */
export function unpackSnappy(packed: Buffer, bytesMax: number): Buffer {
  const isJavas = packed.subarray(0, javaMagic.length).equals(javaMagic)
  const blocks = isJavas ? Array.from(javaBlocks(packed)) : [blockOf(packed, 0, packed.length)]
  const size = blocks.reduce((sum, one) => sum + one.size, 0)
  if (size > bytesMax) throw tooLarge(bytesMax)
  const out = Buffer.allocUnsafe(size)
  let at = 0
  for (const block of blocks) {
    unpackBlock(packed, block, out, at)
    at += block.size
  }
  return out
}

function* javaBlocks(packed: Buffer): Generator<Block> {
  let at = javaHeaderBytes
  while (at < packed.length) {
    if (at + 4 > packed.length) throw corrupt('it is cut off')
    const start = at + 4
    const end = start + packed.readUInt32BE(at)
    if (end > packed.length) throw corrupt('a block is cut off')
    yield blockOf(packed, start, end)
    at = end
  }
}

function blockOf(packed: Buffer, from: number, end: number): Block {
  let size = 0
  for (let start = from; start < Math.min(end, from + 5); start += 1) {
    const byte = packed[start]!
    size += (byte & 0x7f) * 2 ** (7 * (start - from))
    if (byte < 0x80) return { start: start + 1, end, size }
  }
  throw corrupt('a block has no size')
}

/** Fills exactly the block's size from `from` on. */
function unpackBlock(packed: Buffer, { start, end, size }: Block, out: Buffer, from: number): void {
  const limit = from + size
  let read = start
  let at = from
  while (read < end) {
    const tag = packed[read++]!
    const kind = tag & 3
    const numberBytes = kind === 0 ? Math.max(0, (tag >>> 2) - 59) : kind === 3 ? 4 : kind
    if (read + numberBytes > end) throw corrupt('an element is cut off')
    const number = numberBytes === 0 ? tag >>> 2 : packed.readUIntLE(read, numberBytes)
    read += numberBytes
    if (kind === 0) {
      const length = number + 1
      if (read + length > end) throw corrupt('literals are cut off')
      if (at + length > limit) throw corrupt('a block is longer than its declared size')
      copyLiteral(out, at, packed, read, length)
      read += length
      at += length
      continue
    }
    const distance = kind === 1 ? ((tag >>> 5) << 8) | number : number
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
    if (distance === 0 || distance > at - from) throw corrupt('a copy has no source')
    if (at + length > limit) throw corrupt('a block is longer than its declared size')
    copyMatch(out, at, distance, length)
    at += length
  }
  if (at !== limit) throw corrupt('a block is shorter than its declared size')
}

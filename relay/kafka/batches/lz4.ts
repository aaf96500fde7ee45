/**
 * LZ4 frames, as producers of Kafka write them (lz4_Frame_format.md, lz4_Block_format.md). The
 * sizes of all blocks are found before a byte of output is allocated. Checksums are ignored: the
 * broker has checked that of the whole batch.
 */
import { corrupt, tooLarge } from './faults.ts'
import { copyLiteral, copyMatch } from './match.ts'

const frameMagic = 0x184d2204
/** The low four bits are arbitrary: frames to be skipped. */
const skippableMagic = 0x184d2a50
const blockBytesMax: Readonly<Record<number, number>> = {
  4: 64 * 1_024,
  5: 256 * 1_024,
  6: 1_024 * 1_024,
  7: 4 * 1_024 * 1_024,
}

interface Block {
  readonly start: number
  readonly end: number
  readonly isPacked: boolean
  readonly bytesMax: number
  /** Whether matches may reach into the blocks of its frame before it. */
  readonly isLinked: boolean
  readonly isFirst: boolean
}

/**
 * @returns the content of all frames
 * @throws UnpackError
 */
export function unpackLz4(packed: Buffer, bytesMax: number): Buffer {
  const blocks = Array.from(blocksOf(packed))
  const size = passOver(packed, blocks, undefined, bytesMax)
  const out = Buffer.allocUnsafe(size)
  passOver(packed, blocks, out, bytesMax)
  return out
}

/** Writes the content of the blocks to `out`; without it, only measures the content. */
function passOver(
  packed: Buffer,
  blocks: readonly Block[],
  out: Buffer | undefined,
  bytesMax: number,
): number {
  let at = 0
  let frameStart = 0
  for (const block of blocks) {
    if (block.isFirst) frameStart = at
    const floor = block.isLinked ? frameStart : at
    const next = passBlock(packed, block, out, at, floor)
    if (next - at > block.bytesMax) throw corrupt('a block is longer than its frame allows')
    if (next > bytesMax) throw tooLarge(bytesMax)
    at = next
  }
  return at
}

/** @returns the end of its content in the output; `floor` is the first position for matches */
function passBlock(
  packed: Buffer,
  { start, end, isPacked }: Block,
  out: Buffer | undefined,
  from: number,
  floor: number,
): number {
  if (!isPacked) {
    if (out !== undefined) copyLiteral(out, from, packed, start, end - start)
    return from + end - start
  }
  let read = start
  let at = from
  const lengthAfter = (nibble: number) => {
    if (nibble < 15) return nibble
    let length = nibble
    for (;;) {
      if (read >= end) throw corrupt('a length is cut off')
      const more = packed[read++]!
      length += more
      if (more < 255) return length
    }
  }
  while (read < end) {
    const token = packed[read++]!
    const literal = lengthAfter(token >>> 4)
    if (read + literal > end) throw corrupt('literals are cut off')
    if (out !== undefined) copyLiteral(out, at, packed, read, literal)
    read += literal
    at += literal
    // Only the last sequence of a block has no match.
    if (read === end) return at
    if (read + 2 > end) throw corrupt('a match is cut off')
    const distance = packed[read]! | (packed[read + 1]! << 8)
    read += 2
    if (distance === 0 || distance > at - floor) throw corrupt('a match has no source')
    const length = lengthAfter(token & 15) + 4
    if (out !== undefined) copyMatch(out, at, distance, length)
    at += length
  }
  throw corrupt('a block ends with a match')
}

function* blocksOf(packed: Buffer): Generator<Block> {
  let at = 0
  while (at < packed.length) {
    const magic = int32(packed, at)
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) at += 8 + int32(packed, at + 4)
    else if (magic === frameMagic) at = yield* blocksOfFrame(packed, at + 4)
    else throw corrupt('it is not an LZ4 frame')
    if (at > packed.length) throw corrupt('it is cut off')
  }
}

/** @returns where the frame ends */
function* blocksOfFrame(packed: Buffer, start: number): Generator<Block, number> {
  const [flags = 0, descriptor = 0] = packed.subarray(start, start + 2)
  const has = (bit: number) => (flags & bit) !== 0
  const bytesMax = blockBytesMax[(descriptor >>> 4) & 7]
  if (flags >>> 6 !== 1 || bytesMax === undefined) throw corrupt('its frame version is unknown')
  if (has(0x01)) throw corrupt('it needs a dictionary')
  const isLinked = !has(0x20)
  const checksumBytes = has(0x10) ? 4 : 0
  let at = start + (has(0x08) ? 8 : 0) + 3
  for (let isFirst = true; ; isFirst = false) {
    const size = int32(packed, at)
    at += 4
    if (size === 0) return at + (has(0x04) ? 4 : 0)
    const end = at + (size & 0x7fffffff)
    if (end > packed.length) throw corrupt('a block is cut off')
    yield { start: at, end, isPacked: size < 0x80000000, bytesMax, isLinked, isFirst }
    at = end + checksumBytes
  }
}

function int32(packed: Buffer, at: number): number {
  if (at + 4 > packed.length) throw corrupt('it is cut off')
  return packed.readUInt32LE(at)
}

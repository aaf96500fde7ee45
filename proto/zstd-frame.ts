/**
 * The header of a zstd frame, read before anything is decompressed. A decompressor lets the sender
 * decide about the receiver's memory: frames without a size, frames after frames and skippable
 * frames have all been used to get a bomb past a check of the first header.
 */
import { refuse, type Refusal } from './failures.ts'

/** The frame spans the whole input and declares `contentBytes`. */
export interface SizedFrame {
  readonly ok: true
  readonly contentBytes: number
}

const MAGIC_LE = 0xfd2fb528
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
const RESERVED_BLOCK = 3
const RLE_BLOCK = 1

/** Whether bytes begin as a zstd frame does. */
export function startsAsZstd(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && littleEndian(bytes, 0, 4) === MAGIC_LE
}

/** The content size that a frame's header declares; undefined where it declares none. */
export function declaredBytes(bytes: Uint8Array, start = 0): number | undefined {
  const descriptor = bytes[start + 4]
  if (descriptor === undefined || littleEndian(bytes, start, 4) !== MAGIC_LE) return undefined
  const count = sizeBytesOf(descriptor)
  return count === 0 ? undefined : contentBytesOf(bytes, start + sizeAtOf(descriptor), count)
}

/**
 * Accepts exactly one frame that declares its content size and ends where the input ends, by
 * walking its block headers. No byte is decompressed.
 */
export function measureFrame(bytes: Uint8Array): SizedFrame | Refusal {
  if (!startsAsZstd(bytes)) return refuse('zstd_invalid', 'It does not begin with 28 b5 2f fd.')
  const descriptor = bytes[4]
  if (descriptor === undefined) return refuse('zstd_invalid', 'It ends in the frame header.')
  if ((descriptor & 0x08) !== 0) return refuse('zstd_invalid', 'A reserved header bit is set.')
  const dictionaryBytes = dictionaryBytesOf(descriptor)
  const sizeBytes = sizeBytesOf(descriptor)
  const sizeAt = sizeAtOf(descriptor)
  const blocksAt = sizeAt + sizeBytes
  if (blocksAt > bytes.length) return refuse('zstd_invalid', 'It ends in the frame header.')
  if (sizeBytes === 0) return refuse('zstd_unsized')
  if (littleEndian(bytes, sizeAt - dictionaryBytes, dictionaryBytes) !== 0) {
    return refuse('zstd_invalid', 'It needs a dictionary; records have none.')
  }
  const contentBytes = contentBytesOf(bytes, sizeAt, sizeBytes)
  const end = frameEnd(bytes, blocksAt, (descriptor & 0x04) !== 0)
  if (end === undefined) return refuse('zstd_invalid', 'It ends inside a block.')
  if (end < bytes.length) return refuse('zstd_not_single', `${bytes.length - end} bytes follow.`)
  return { ok: true, contentBytes }
}

/** Where the frame that begins at `at` ends; undefined when none does, or not all is there. */
export function endOfFrame(bytes: Uint8Array, at: number): number | undefined {
  const descriptor = bytes[at + 4]
  if (descriptor === undefined || littleEndian(bytes, at, 4) !== MAGIC_LE) return undefined
  if ((descriptor & 0x08) !== 0) return undefined
  const blocksAt = at + sizeAtOf(descriptor) + sizeBytesOf(descriptor)
  return frameEnd(bytes, blocksAt, (descriptor & 0x04) !== 0)
}

const isSingleSegment = (descriptor: number): boolean => (descriptor & 0x20) !== 0

const dictionaryBytesOf = (descriptor: number): number =>
  DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3]

function sizeBytesOf(descriptor: number): number {
  const flag = (descriptor >> 6) as 0 | 1 | 2 | 3
  return flag === 0 && isSingleSegment(descriptor) ? 1 : CONTENT_SIZE_BYTES[flag]
}

const sizeAtOf = (descriptor: number): number =>
  5 + (isSingleSegment(descriptor) ? 0 : 1) + dictionaryBytesOf(descriptor)

const contentBytesOf = (bytes: Uint8Array, at: number, count: number): number =>
  littleEndian(bytes, at, count) + (count === 2 ? 256 : 0)

/** Where the frame ends, or `undefined` when its blocks do not fit the input. */
function frameEnd(bytes: Uint8Array, blocksAt: number, hasChecksum: boolean): number | undefined {
  let at = blocksAt
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return undefined
    const header = littleEndian(bytes, at, BLOCK_HEADER_BYTES)
    isLast = (header & 1) === 1
    const type = (header >> 1) & 3
    if (type === RESERVED_BLOCK) return undefined
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >> 3)
  }
  if (hasChecksum) at += CHECKSUM_BYTES
  return at <= bytes.length ? at : undefined
}

/** An unsigned little-endian number of up to 8 bytes; beyond 2^53 only its magnitude counts. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = count - 1; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}

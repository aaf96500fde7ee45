/**
 * Bytes that no encoder writes and that must be refused before decoding. Each function takes the
 * parts of a valid record, so that a record is wrong in one way only.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { FRAMED_PLAIN, FRAMED_ZSTD } from '../../proto/codec.ts'
import { framed, zstd } from './record-bytes.ts'
import type { Dice } from '../world/dice.ts'

/** Neither a framing byte nor a protobuf tag: field number 0. */
const noFraming = 0x02
const eventField = 1
const batchField = 8
/** The most that one zstd block may decompress to. */
const blockBytesMax = 128 * 1_024
const rleBlock = 1

/** The first two thirds of a record: the outermost field declares more bytes than follow. */
export const truncated = (message: Uint8Array): Buffer =>
  framed(FRAMED_PLAIN, message.subarray(0, Math.ceil((message.length * 2) / 3)))

/** Random bytes; the first is no tag, because some random messages would be valid. */
export function garbage(chance: Dice): Buffer {
  const bytes = Uint8Array.from({ length: 64 + chance.int(960) }, () => chance.int(256))
  bytes[0] = 0x07
  return framed(FRAMED_PLAIN, bytes)
}

export const unknownFraming = (message: Uint8Array): Buffer => framed(noFraming, message)

/** An event whose header has one field in a form that the schema forbids. */
export function badHeader(field: 'sequence-as-text' | 'thread-not-utf8'): Buffer {
  const writer = new BinaryWriter()
  writer.tag(eventField, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork()
  writer.tag(3, WireType.LengthDelimited).string('chaos')
  if (field === 'sequence-as-text') writer.tag(5, WireType.LengthDelimited).string('three')
  else writer.tag(4, WireType.LengthDelimited).bytes(Uint8Array.of(0x72, 0xc3, 0x28, 0xff))
  return framed(FRAMED_PLAIN, writer.join().join().finish())
}

const key = (writer: BinaryWriter) => writer.tag(1, WireType.LengthDelimited).string('a')

/** An event with an attribute of `depth` nested maps. */
export function deepAttributes(depth: number): Buffer {
  const writer = new BinaryWriter()
  writer.tag(eventField, WireType.LengthDelimited).fork()
  key(writer.tag(4, WireType.LengthDelimited).fork())
  for (let level = 0; level < depth; level++) {
    // value of the entry above › its map_value › an entry of that
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(7, WireType.LengthDelimited).fork()
    key(writer.tag(1, WireType.LengthDelimited).fork())
  }
  for (let level = 0; level < depth; level++) writer.join().join().join()
  return framed(FRAMED_PLAIN, writer.join().join().finish())
}

/** A zstd framing byte before bytes that are not a frame, or half of one. */
export function badZstd(message: Uint8Array, isHalf: boolean): Buffer {
  const frame = zstd(message)
  return framed(FRAMED_ZSTD, isHalf ? frame.subarray(0, frame.length / 2) : frame.subarray(4))
}

/** Decompresses to `bytes` zeros, which is what it declares. */
export const declaredBomb = (bytes: number): Buffer => framed(FRAMED_ZSTD, zeros(bytes))

/** Many frames, each within the limit, together far above it. */
export const bombOfFrames = (bytesEach: number, count: number): Buffer =>
  framed(FRAMED_ZSTD, Buffer.concat(Array.from({ length: count }, () => zeros(bytesEach))))

/** A batch of events without a thread, numbered 5, 1, 5, 1 and so on. */
export function jumpingBatch(events: number, messageId: Uint8Array): Buffer {
  const writer = new BinaryWriter()
  writer.tag(batchField, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).bytes(messageId).join()
  for (let event = 0; event < events; event += 1) {
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).fork()
    writer.tag(5, WireType.Varint).uint32(event % 2 === 0 ? 5 : 1)
    writer.join().join()
  }
  return framed(FRAMED_ZSTD, zstd(writer.join().finish()))
}

export const unsizedZstd = (message: Uint8Array): Buffer =>
  framed(FRAMED_ZSTD, zstd(message, false))

/**
 * A zstd frame of zeros, written by hand: run-length blocks take 4 bytes for 128 KiB, so that
 * making a bomb needs no memory itself.
 */
function zeros(bytes: number): Buffer {
  const count = Math.max(1, Math.ceil(bytes / blockBytesMax))
  const frame = Buffer.alloc(13 + 4 * count)
  frame.writeUInt32LE(0xfd2fb528, 0)
  // 8 bytes of content size, single segment
  frame[4] = 0xe0
  frame.writeBigUInt64LE(BigInt(bytes), 5)
  for (let block = 0; block < count; block++) {
    const isLast = block === count - 1
    const size = isLast ? bytes - block * blockBytesMax : blockBytesMax
    frame.writeUIntLE((size << 3) | (rleBlock << 1) | (isLast ? 1 : 0), 13 + 4 * block, 3)
  }
  return frame
}

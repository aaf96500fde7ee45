/**
 * Values that any relay must take, and that cost as much as a sender can make them: each is a few
 * numbers, so that a failing one can be made smaller and still be of its kind.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { zstdCompressSync } from 'node:zlib'
import { FRAMED_PLAIN, FRAMED_ZSTD } from '../../proto/codec.ts'
import { framed, zstd } from '../records/record-bytes.ts'

/** How the sequences of a batch's events follow each other. */
export const orders = ['alternating', 'rising', 'falling', 'none'] as const
export type Order = (typeof orders)[number]

const eventField = 1
const batchField = 8
const sequenceField = 5
/** Of two bytes with its wire type. */
const unknownField = 99
const blockBytesMax = 128 * 1_024
const rleBlock = 1
/** The first of the sixteen magic numbers of frames that a reader skips. */
const skippableMagic = 0x184d2a50

/** Packs a message if that is asked for. */
const value = (message: Uint8Array, isPacked: boolean): Buffer =>
  isPacked ? framed(FRAMED_ZSTD, zstd(message)) : framed(FRAMED_PLAIN, message)

/** A batch of events of so many threads; where there is one, in the order that is asked for. */
export function eventBatch(events: number, threads: number, order: Order): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(batchField, WireType.LengthDelimited).fork()
  for (let at = 0; at < events; at += 1) {
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).fork()
    if (threads > 1) writer.tag(4, WireType.LengthDelimited).string(`t${at % threads}`)
    const sequence = sequenceOf(order, at, events)
    if (sequence > 0) writer.tag(sequenceField, WireType.Varint).uint32(sequence)
    writer.join().join()
  }
  return writer.join().finish()
}

function sequenceOf(order: Order, at: number, events: number): number {
  switch (order) {
    case 'alternating':
      return at % 2 === 0 ? 5 : 1
    case 'rising':
      return at + 1
    case 'falling':
      return events - at
    case 'none':
      return 0
  }
}

export const manyEvents = (
  { events, threads, order }: { events: number; threads: number; order: Order },
  isPacked: boolean,
): Buffer => value(eventBatch(events, threads, order), isPacked)

/** One event whose header says its sequence again and again; the last one counts. */
export function repeatedField(times: number, isPacked: boolean): Buffer {
  const writer = new BinaryWriter()
  writer.tag(eventField, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork()
  for (let at = 0; at < times; at += 1) writer.tag(sequenceField, WireType.Varint).uint32(1)
  return value(writer.join().join().finish(), isPacked)
}

/** One event with nested groups of an unknown field. */
export function nested(depth: number, isPacked: boolean): Buffer {
  const edge = (type: WireType) =>
    Buffer.alloc(2 * depth, new BinaryWriter().tag(unknownField, type).finish())
  const groups = Buffer.concat([edge(WireType.StartGroup), edge(WireType.EndGroup)])
  const writer = new BinaryWriter()
  writer.tag(eventField, WireType.LengthDelimited).bytes(groups)
  return value(writer.finish(), isPacked)
}

/** One event of a node whose name is so long; a little of zstd. */
export function longText(bytes: number, isPacked: boolean): Buffer {
  const writer = new BinaryWriter()
  writer.tag(eventField, WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).fork()
  writer.tag(4, WireType.LengthDelimited).bytes(Buffer.alloc(bytes - (bytes % 3), '\u20AC'))
  return value(writer.join().join().finish(), isPacked)
}

/** A frame that unpacks to so many zeros, which is what it declares; four bytes for 128 KiB. */
export function bomb(bytes: number): Buffer {
  const count = Math.max(1, Math.ceil(bytes / blockBytesMax))
  const frame = Buffer.alloc(13 + 4 * count)
  frame.writeUInt32LE(0xfd2fb528, 0)
  frame[4] = 0xe0
  frame.writeBigUInt64LE(BigInt(bytes), 5)
  for (let block = 0; block < count; block += 1) {
    const isLast = block === count - 1
    const size = isLast ? bytes - block * blockBytesMax : blockBytesMax
    frame.writeUIntLE((size << 3) | (rleBlock << 1) | Number(isLast), 13 + 4 * block, 3)
  }
  return framed(FRAMED_ZSTD, frame)
}

/** Frames to be skipped, and behind them one of a small message. */
export function skippable(frames: number, bytesEach: number): Buffer {
  const one = Buffer.alloc(8 + bytesEach)
  one.writeUInt32LE(skippableMagic, 0)
  one.writeUInt32LE(bytesEach, 4)
  const message = zstdCompressSync(eventBatch(1, 1, 'rising'))
  return framed(FRAMED_ZSTD, Buffer.concat([...Array<Buffer>(frames).fill(one), message]))
}

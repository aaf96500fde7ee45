/** Compresses by hand what the tests of this folder unpack, with the expected content. */
import * as fc from 'fast-check'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from './checksum.ts'

/** Literals, then what a match repeats: a place before them, taken modulo what is there. */
interface Step {
  readonly literal: Uint8Array
  readonly place: number
  readonly length: number
}
const step: fc.Arbitrary<Step> = fc.record({
  literal: fc.uint8Array({ maxLength: 100 }),
  place: fc.nat(70_000),
  length: fc.integer({ min: 4, max: 700 }),
})
/** The blocks of something packed. */
export const blocks = fc.array(fc.array(step, { minLength: 1, maxLength: 20 }), {
  minLength: 1,
  maxLength: 4,
})
export type Blocks = readonly (readonly Step[])[]

interface Packed {
  readonly packed: Buffer
  readonly content: Buffer
}
export interface Lz4Form {
  readonly isLinked: boolean
  /** Blocks that are not worth packing stand as they are. */
  readonly isRaw: readonly boolean[]
  readonly hasBlockChecksums: boolean
  readonly hasContentSize: boolean
  readonly hasContentChecksum: boolean
}
export const lz4Form: fc.Arbitrary<Lz4Form> = fc.record({
  isLinked: fc.boolean(),
  isRaw: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  hasBlockChecksums: fc.boolean(),
  hasContentSize: fc.boolean(),
  hasContentChecksum: fc.boolean(),
})

const checksum = Buffer.alloc(4, 0xcc)
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const int32BE = (value: number): Buffer => int32(value).reverse()

/** Appends a match byte by byte; the slow and sure way. */
function repeat(content: number[], distance: number, length: number): void {
  for (let count = 0; count < length; count += 1) content.push(content[content.length - distance]!)
}

function lengthBytes(length: number): number[] {
  if (length < 15) return []
  const more = length - 15
  return [...Array<number>(Math.floor(more / 255)).fill(255), more % 255]
}

export function lz4(all: Blocks, form: Lz4Form): Packed {
  const content: number[] = []
  const parts = all.map((steps, index) => {
    const start = content.length
    const floor = form.isLinked ? 0 : start
    const bytes = lz4Block(steps, content, floor)
    const isRaw = form.isRaw[index] === true
    const body = isRaw ? Buffer.from(content.slice(start)) : bytes
    const size = int32((isRaw ? 0x80000000 : 0) + body.length)
    return Buffer.concat([size, body, form.hasBlockChecksums ? checksum : Buffer.alloc(0)])
  })
  const has = (bit: number, isSet: boolean) => (isSet ? bit : 0)
  const flags =
    0x40 | has(0x20, !form.isLinked) | has(0x10, form.hasBlockChecksums) |
    has(0x08, form.hasContentSize) | has(0x04, form.hasContentChecksum)
  const head = [0x04, 0x22, 0x4d, 0x18, flags, 0x40]
  const size = form.hasContentSize ? Buffer.alloc(8) : Buffer.alloc(0)
  const end = form.hasContentChecksum ? checksum : Buffer.alloc(0)
  const packed = Buffer.concat([Buffer.from(head), size, Buffer.of(0), ...parts, int32(0), end])
  return { packed, content: Buffer.from(content) }
}

function lz4Block(steps: readonly Step[], content: number[], floor: number): Buffer {
  const bytes: number[] = []
  for (const { literal, place, length } of steps) {
    content.push(...literal)
    const reach = Math.min(content.length - floor, 65_535)
    // Nothing to repeat yet: the literals wait for the next match.
    if (reach === 0) continue
    const distance = 1 + (place % reach)
    const token = (Math.min(15, literal.length) << 4) | Math.min(15, length - 4)
    bytes.push(token, ...lengthBytes(literal.length), ...literal)
    bytes.push(distance & 255, distance >>> 8, ...lengthBytes(length - 4))
    repeat(content, distance, length)
  }
  content.push(0x7e)
  return Buffer.from([...bytes, 0x10, 0x7e])
}

/** @param isJavas in the framing of snappy-java, with as many blocks; else only the first */
export function snappy(all: Blocks, isJavas: boolean): Packed {
  const packed = (isJavas ? all : all.slice(0, 1)).map(snappyBlock)
  const content = Buffer.concat(packed.map((one) => one.content))
  if (!isJavas) return { packed: packed[0]!.packed, content }
  const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
  const framed = packed.flatMap((one) => [int32BE(one.packed.length), one.packed])
  return { packed: Buffer.concat([magic, int32BE(1), int32BE(1), ...framed]), content }
}

function snappyBlock(steps: readonly Step[]): Packed {
  const content: number[] = []
  const bytes: number[] = []
  for (const { literal, place, length } of steps) {
    if (literal.length > 60) bytes.push(60 << 2, literal.length - 1, ...literal)
    else if (literal.length > 0) bytes.push((literal.length - 1) << 2, ...literal)
    content.push(...literal)
    if (content.length === 0) continue
    const distance = 1 + (place % content.length)
    const short = Math.min(64, length)
    if (short <= 11 && distance < 2_048) {
      bytes.push(1 | ((short - 4) << 2) | ((distance >>> 8) << 5), distance & 255)
    } else if (distance < 65_536 && place % 2 === 0) {
      bytes.push(2 | ((short - 1) << 2), distance & 255, distance >>> 8)
    } else bytes.push(3 | ((short - 1) << 2), ...int32(distance))
    repeat(content, distance, short)
  }
  const packed = Buffer.from([...sizeBytes(content.length), ...bytes])
  return { packed, content: Buffer.from(content) }
}

const sizeBytes = (size: number): number[] =>
  size < 128 ? [size] : [(size & 127) | 128, ...sizeBytes(size >>> 7)]

/** Content that Snappy has found nothing in to save; up to 127 bytes. */
export const snappyLiteral = (content: Buffer): Buffer =>
  content.length <= 60
    ? Buffer.concat([Buffer.of(content.length, (content.length - 1) << 2), content])
    : Buffer.concat([Buffer.of(content.length, 60 << 2, content.length - 1), content])

/** What a batch of the tests is made of. */
export interface Plan {
  readonly values: readonly (Buffer | null)[]
  readonly codec: number
  /** Offsets that follow the last record and do not exist. */
  readonly tail?: number
  /** Headers of each record, all of one name; default 1. */
  readonly headers?: number
  /** Of each record; default `key`. */
  readonly key?: Buffer
  readonly producerId?: bigint
  readonly isTransactional?: boolean
  readonly isControl?: boolean
}

/** Packs with what is at hand; `none`, gzip and zstd. */
const packers: Readonly<Record<number, (body: Buffer) => Buffer>> = {
  0: (body) => body,
  1: (body) => gzipSync(body),
  4: (body) => zstdCompressSync(body),
}

/** A batch as a broker would send it. */
export function batch(firstOffset: bigint, plan: Plan): Buffer {
  const { values, codec, tail = 0 } = plan
  const body = packers[codec]!(bodyOf(plan))
  return marked(batchOf(firstOffset, values.length, tail, codec, body), plan)
}

/** The records of a batch, unpacked; the offsets of both parts follow on each other. */
export function bodyOf(plan: Plan, from = 0): Buffer {
  const { values, headers = 1, key = Buffer.from('key') } = plan
  const header = Buffer.concat([varint(1), Buffer.from('h'), varint(-1)])
  const records = values.map((value, index) => {
    const body = Buffer.concat([
      Buffer.of(0), varint(index), varint(from + index), varint(key.length), key,
      varint(value?.length ?? -1), value ?? Buffer.alloc(0),
      varint(headers), ...Array<Buffer>(headers).fill(header),
    ])
    return Buffer.concat([varint(body.length), body])
  })
  return Buffer.concat(records)
}

function marked(bytes: Buffer, { producerId = -1n, isControl, isTransactional }: Plan): Buffer {
  const bits = (isTransactional === true ? 0x10 : 0) | (isControl === true ? 0x20 : 0)
  bytes.writeInt16BE(bytes.readInt16BE(21) | bits, 21)
  bytes.writeBigInt64BE(producerId, 43)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

/** What ends a transaction, and takes an offset of its own. */
export function marker(offset: bigint, producerId: bigint, ends: 'abort' | 'commit'): Buffer {
  const key = Buffer.of(0, 0, 0, ends === 'abort' ? 0 : 1)
  const plan = { values: [Buffer.alloc(6)], codec: 0, headers: 0, key, producerId }
  return batch(offset, { ...plan, isControl: true, isTransactional: true })
}

/** A message of the formats before Kafka 0.11; with `codec`, its value is a packed set of them. */
export function oldMessage(
  offset: bigint,
  value: Buffer | null,
  { format = 1, codec = 0 }: { readonly format?: 0 | 1; readonly codec?: number } = {},
): Buffer {
  const stamp = Buffer.alloc(format === 1 ? 8 : 0)
  if (format === 1) stamp.writeBigInt64BE(1_700_000_000_000n)
  const head = Buffer.concat([Buffer.alloc(4), Buffer.of(format, codec), stamp])
  const key = Buffer.concat([int32BE(3), Buffer.from('key')])
  const length = int32BE(value?.length ?? 0xffffffff)
  const message = Buffer.concat([head, key, length, value ?? Buffer.alloc(0)])
  const prefix = Buffer.alloc(12)
  prefix.writeBigInt64BE(offset)
  prefix.writeInt32BE(message.length, 8)
  return Buffer.concat([prefix, message])
}

export function batchOf(
  firstOffset: bigint,
  count: number,
  tail: number,
  codec: number,
  body: Buffer,
): Buffer {
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(firstOffset, 0)
  head.writeInt32BE(49 + body.length, 8)
  head[16] = 2
  head.writeInt16BE(codec, 21)
  head.writeInt32BE(count + tail - 1, 23)
  head.writeBigInt64BE(1_700_000_000_000n, 27)
  head.writeBigInt64BE(1_700_000_000_999n, 35)
  head.writeBigInt64BE(-1n, 43)
  head.writeInt32BE(count, 57)
  return Buffer.concat([head, body])
}

const varint = (value: number): Buffer =>
  Buffer.from(sizeBytes(value < 0 ? -2 * value - 1 : 2 * value))

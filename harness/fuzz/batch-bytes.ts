/**
 * Record batches as bytes: what a Kafka client library would never write and a broker takes all
 * the same, such as twenty thousand headers, numbers of more bytes than they need, or a packed
 * section in two frames.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib'

/** What one batch of records is made of. */
export interface BatchPlan {
  readonly values: readonly (Buffer | null)[]
  readonly codec: Codec
  /** Headers of each record. */
  readonly headers: number
  /** Zero bytes that each number is longer than it must be. */
  readonly padding: number
  /** Frames that the packed section consists of. */
  readonly frames: number
}
export const codecs = ['none', 'gzip', 'zstd'] as const
export type Codec = (typeof codecs)[number]

const codecNumber = { none: 0, gzip: 1, zstd: 4 } as const
const headBytes = 61
/** The checksum covers everything behind it. */
const checkedFrom = 21
const varintBytesMax = 5
/** Castagnoli's polynomial, reversed. */
const polynomial = 0x82f63b78

/** @param unixMs the time of all of its records */
export function batchBytes(plan: BatchPlan, unixMs: number): Buffer {
  const { values } = plan
  const records = values.map((value, at) => recordBytes(value, at, plan))
  const body = packed(records, plan)
  const head = Buffer.alloc(headBytes)
  head.writeInt32BE(headBytes - 12 + body.length, 8)
  head[16] = 2
  head.writeInt16BE(codecNumber[plan.codec], 21)
  head.writeInt32BE(values.length - 1, 23)
  head.writeBigInt64BE(BigInt(Math.round(unixMs)), 27)
  head.writeBigInt64BE(BigInt(Math.round(unixMs)), 35)
  head.writeBigInt64BE(-1n, 43)
  head.writeInt16BE(-1, 51)
  head.writeInt32BE(-1, 53)
  head.writeInt32BE(values.length, 57)
  const batch = Buffer.concat([head, body])
  batch.writeUInt32BE(crc32c(batch.subarray(checkedFrom)), 17)
  return batch
}

function recordBytes(value: Buffer | null, at: number, plan: BatchPlan): Buffer {
  const number = (what: number) => varint(what, plan.padding)
  // A name of one letter, and a value of no bytes.
  const header = Buffer.concat([number(1), Buffer.from('a'), number(0)])
  const body = Buffer.concat([
    Buffer.of(0),
    number(0),
    number(at),
    number(-1),
    number(value?.length ?? -1),
    value ?? Buffer.alloc(0),
    number(plan.headers),
    Buffer.alloc(header.length * plan.headers, header),
  ])
  return Buffer.concat([number(body.length), body])
}

function packed(records: readonly Buffer[], { codec, frames }: BatchPlan): Buffer {
  const content = Buffer.concat(records)
  if (codec === 'none') return content
  const pack = codec === 'gzip' ? gzipSync : zstdCompressSync
  const step = Math.max(1, Math.ceil(content.length / frames))
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += step) {
    parts.push(pack(content.subarray(at, at + step)))
  }
  return Buffer.concat(parts)
}

/** A number as Kafka writes it, and so many bytes more that say nothing. */
function varint(number: number, padding: number): Buffer {
  const bytes: number[] = []
  let left = number < 0 ? -2 * number - 1 : 2 * number
  while (left > 127) {
    bytes.push((left & 127) | 128)
    left = Math.floor(left / 128)
  }
  bytes.push(left)
  for (let more = 0; more < padding && bytes.length < varintBytesMax; more += 1) {
    bytes[bytes.length - 1]! |= 128
    bytes.push(0)
  }
  return Buffer.from(bytes)
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ polynomial : rest >>> 1
  return rest
})

/** CRC-32C, which the runtime does not have. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffff_ffff
  for (const byte of bytes) rest = table[(rest ^ byte) & 255]! ^ (rest >>> 8)
  return (rest ^ 0xffff_ffff) >>> 0
}

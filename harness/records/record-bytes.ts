/**
 * From a header and a body to the bytes of a Kafka value. Bodies are encoded once and kept; only
 * the header differs from record to record. Protobuf fields may be concatenated, so a record is
 * the framing byte, the header's field, and the body's fields behind it.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { constants, zstdCompressSync } from 'node:zlib'
import { FRAMED_PLAIN, FRAMED_ZSTD, ZSTD_LEVEL } from '../../proto/codec.ts'

/** What a header says; the rest of it follows from the body. */
export interface Stamp {
  readonly thread: string
  readonly sequence: number
  /** 16 bytes, unique per message. */
  readonly messageId: Uint8Array
  readonly timestampUs: bigint
  readonly schemaVersion?: number
  /** Marks the header of a record whose bytes will be compressed. */
  readonly isCompressed?: true
}

/** A payload without its header. */
export interface Body {
  /** Number of the payload in the oneof, which is its MessageType as well. */
  readonly type: number
  /** Its fields from number 2 on, encoded. */
  readonly fields: Uint8Array
}

export const tenant = 'chaos'
const schemaVersion = 1
/** COMPRESSION_ZSTD */
const zstdType = 1

/** One for all records: it keeps its buffer, so that the hot path grows none. */
const shared = new BinaryWriter()

/** The protobuf of a record, without framing. */
export function messageBytes(stamp: Stamp, body: Body): Uint8Array {
  return message(shared, stamp, body).finish()
}

/** The plain Kafka value of a record. */
export function recordValue(stamp: Stamp, body: Body): Buffer {
  const value = message(shared.uint32(FRAMED_PLAIN), stamp, body).finish()
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function message(writer: BinaryWriter, stamp: Stamp, body: Body): BinaryWriter {
  writer.tag(body.type, WireType.LengthDelimited).fork()
  payload(writer, stamp, body)
  return writer.join()
}

/** The same, compressed; the frame declares its size and the header says that it is compressed. */
export function compressedValue(stamp: Stamp, body: Body): Buffer {
  return framed(FRAMED_ZSTD, zstd(messageBytes({ ...stamp, isCompressed: true }, body)))
}

/** One zstd frame; without `isSized` it keeps the size of its content to itself. */
export function zstd(content: Uint8Array, isSized = true): Buffer {
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }
  return zstdCompressSync(content, {
    params: isSized ? params : { ...params, [constants.ZSTD_c_contentSizeFlag]: 0 },
    ...(isSized ? { pledgedSrcSize: content.length } : {}),
  })
}

/** Appends one payload (header and body) to `writer`; the caller has opened its field. */
export function payload(writer: BinaryWriter, stamp: Stamp, body: Body): void {
  writer.tag(1, WireType.LengthDelimited).fork()
  header(writer, stamp, body.type)
  writer.join().raw(body.fields)
}

/** `framing` and what it announces, as one value. */
export function framed(framing: number, bytes: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(bytes.length + 1)
  value[0] = framing
  value.set(bytes, 1)
  return value
}

function header(writer: BinaryWriter, stamp: Stamp, type: number): void {
  writer.tag(1, WireType.LengthDelimited).bytes(stamp.messageId)
  writer.tag(2, WireType.Varint).int64(stamp.timestampUs)
  writer.tag(3, WireType.LengthDelimited).string(tenant)
  if (stamp.thread !== '') writer.tag(4, WireType.LengthDelimited).string(stamp.thread)
  if (stamp.sequence > 0) writer.tag(5, WireType.Varint).uint64(stamp.sequence)
  writer.tag(6, WireType.Varint).uint32(type)
  if (stamp.isCompressed) writer.tag(8, WireType.Varint).uint32(zstdType)
  writer.tag(9, WireType.Varint).uint32(stamp.schemaVersion ?? schemaVersion)
}

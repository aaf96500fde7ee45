/**
 * From a Kafka value to a message and back, on any JavaScript platform: what the platform must
 * provide is handed in. codec.ts binds it to Node; a browser provides its own zstd.
 *
 * One framing byte, then protobuf: 0x00 plain, 0x01 one zstd frame. Limits are checked before
 * anything of that size is allocated.
 */
import { clone, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  CompressionType,
  DashStreamMessageSchema,
  type DashStreamMessage,
  type Header,
} from './gen/dashstream_pb.js'
import { refuse, type Refusal } from './failures.ts'
import { createScanner, type ScanPlatform, type Scanned } from './scan.ts'
import { NESTING_MAX } from './walk.ts'
import { declaredBytes, measureFrame, startsAsZstd } from './zstd-frame.ts'

/** `strict` takes framed records only; `compatible` also bare zstd and bare protobuf. */
export type DecodeMode = 'strict' | 'compatible'

export interface DecodeLimits {
  /** Bytes of the protobuf message, compressed or not; the framing byte comes on top. */
  readonly payloadBytesMax: number
  /**
   * Messages within the record, headers and map entries included. Two bytes are enough for one, and
   * decoding it takes a hundred times as many. Default: no limit; scanning builds none.
   */
  readonly messagesMax?: number
}
export type Decoded = { readonly ok: true; readonly message: DashStreamMessage } | Refusal

export interface EncodeOptions {
  /** Longer messages are compressed if that makes them smaller. Default 512; Infinity: never. */
  readonly compressAboveBytes?: number
  /** zstd level, default 3. */
  readonly level?: number
}

export interface Codec {
  decodeRecord: (value: Uint8Array, limits: DecodeLimits, mode: DecodeMode) => Decoded
  scanRecord: (value: Uint8Array, limits: DecodeLimits, mode: DecodeMode) => Scanned
  encodeRecord: (message: DashStreamMessage, options?: EncodeOptions) => Uint8Array
}

/** What a platform provides. */
export interface CodecPlatform extends ScanPlatform {
  /** The content of one frame; throws unless it is valid and at most `bytesMax` long. */
  unzstd: (frame: Uint8Array, bytesMax: number) => Uint8Array
  /** One frame that declares its content size; leave out where nothing is encoded. */
  zstd?: (content: Uint8Array, level: number) => Uint8Array
}

export const FRAMED_PLAIN = 0x00
export const FRAMED_ZSTD = 0x01
/** The first byte of a zstd frame. */
const ZSTD_FIRST = 0x28
export const COMPRESS_ABOVE_BYTES = 512
export const ZSTD_LEVEL = 3

type Unframed = { readonly ok: true; readonly bytes: Uint8Array } | Refusal

/** Binds the codec to a platform. Decoding and scanning are pure and total: they never throw. */
export function createCodec(platform: CodecPlatform): Codec {
  const scan = createScanner(platform)
  return {
    scanRecord(value, limits, mode) {
      const unframed = unframe(platform, value, limits, mode)
      return unframed.ok ? scan(unframed.bytes) : unframed
    },
    decodeRecord(value, limits, mode) {
      const unframed = unframe(platform, value, limits, mode)
      if (!unframed.ok) return unframed
      // protobuf-es trusts wire types and nested lengths, so nothing reaches it unscanned.
      const scanned = scan(unframed.bytes, limits.messagesMax)
      return scanned.ok ? parse(unframed.bytes) : scanned
    },
    encodeRecord: (message, options) => encode(platform, message, options),
  }
}

/**
 * How many bytes a scan of the value would read, according to its framing: before anything is
 * unpacked, and without reading more than the framing.
 */
export function bytesToScan(value: Uint8Array, mode: DecodeMode): number {
  const isFramed = value[0] === FRAMED_ZSTD
  if (!isFramed && (mode === 'strict' || value[0] !== ZSTD_FIRST)) return value.length
  return Math.max(value.length, declaredBytes(value, isFramed ? 1 : 0) ?? 0)
}

function unframe(
  platform: CodecPlatform,
  value: Uint8Array,
  { payloadBytesMax }: DecodeLimits,
  mode: DecodeMode,
): Unframed {
  const first = value[0]
  if (first === undefined) return refuse('empty')
  const isFramed = first === FRAMED_PLAIN || first === FRAMED_ZSTD
  const bytesMax = isFramed || mode === 'strict' ? payloadBytesMax + 1 : payloadBytesMax
  if (value.length > bytesMax) {
    return refuse('payload_too_large', `It has ${value.length} bytes, limit ${bytesMax}.`)
  }
  if (first === FRAMED_PLAIN) return { ok: true, bytes: value.subarray(1) }
  if (first === FRAMED_ZSTD) return decompress(platform, value.subarray(1), payloadBytesMax)
  if (mode === 'strict') {
    return refuse('invalid_framing', `It is 0x${first.toString(16).padStart(2, '0')}.`)
  }
  return startsAsZstd(value)
    ? decompress(platform, value, payloadBytesMax)
    : { ok: true, bytes: value }
}

function decompress(platform: CodecPlatform, frame: Uint8Array, bytesMax: number): Unframed {
  const measured = measureFrame(frame)
  if (!measured.ok) return measured
  const { contentBytes } = measured
  if (contentBytes > bytesMax) {
    return refuse('decompressed_too_large', `It declares ${contentBytes} bytes, limit ${bytesMax}.`)
  }
  try {
    const bytes = platform.unzstd(frame, contentBytes)
    if (bytes.length === contentBytes) return { ok: true, bytes }
    return refuse('zstd_invalid', `It declares ${contentBytes} bytes and has ${bytes.length}.`)
  } catch (error) {
    return refuse('zstd_invalid', error instanceof Error ? error.message : String(error))
  }
}

function parse(bytes: Uint8Array): Decoded {
  try {
    // Not a Buffer, whose `slice` copies nothing: bytes fields are of the type of their source.
    const source = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const message = fromBinary(DashStreamMessageSchema, source, {
      // The scan has counted map entries too; the limit here must never be the tighter one.
      recursionLimit: 2 * NESTING_MAX,
      // They are never used, and each would be an object a hundred times its size.
      readUnknownFields: false,
    })
    return { ok: true, message }
  } catch (error) {
    return refuse('invalid_protobuf', error instanceof Error ? error.message : String(error))
  }
}

function encode(
  platform: CodecPlatform,
  message: DashStreamMessage,
  { compressAboveBytes = COMPRESS_ABOVE_BYTES, level = ZSTD_LEVEL }: EncodeOptions = {},
): Uint8Array {
  const plain = toBinary(DashStreamMessageSchema, message)
  const compressed = plain.length > compressAboveBytes && compress(platform, message, plain, level)
  return compressed ? framed(FRAMED_ZSTD, compressed) : framed(FRAMED_PLAIN, plain)
}

/** The message as one zstd frame, marked as such in its headers; `undefined` if not smaller. */
function compress(
  { zstd }: CodecPlatform,
  message: DashStreamMessage,
  plain: Uint8Array,
  level: number,
): Uint8Array | undefined {
  if (!zstd || zstd(plain, level).length >= plain.length) return undefined
  const marked = clone(DashStreamMessageSchema, message)
  for (const header of headersOf(marked)) header.compression = CompressionType.COMPRESSION_ZSTD
  const content = toBinary(DashStreamMessageSchema, marked)
  const frame = zstd(content, level)
  return frame.length < content.length ? frame : undefined
}

/** The payload's header; for a batch also those of its events. */
function headersOf({ message }: DashStreamMessage): Header[] {
  const inner = message.case === 'eventBatch' ? message.value.events : []
  return [message.value, ...inner].flatMap((payload) => payload?.header ?? [])
}

function framed(framing: number, bytes: Uint8Array): Uint8Array {
  const value = new Uint8Array(bytes.length + 1)
  value[0] = framing
  value.set(bytes, 1)
  return value
}

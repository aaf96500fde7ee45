/**
 * The codec on Node: zstd, UTF-8 checks and text from the runtime. See codec-core.ts for its
 * guarantees; a browser bundle uses that file and provides its own zstd.
 */
import { Buffer, isUtf8 } from 'node:buffer'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { createCodec, type CodecPlatform } from './codec-core.ts'

const viewOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const node: CodecPlatform = {
  // Output beyond the declared size is cut off while it is produced, not after.
  unzstd: (frame, bytesMax) =>
    zstdDecompressSync(frame, { maxOutputLength: Math.max(1, bytesMax) }),
  zstd: (content, level) =>
    zstdCompressSync(content, {
      pledgedSrcSize: content.length,
      params: { [constants.ZSTD_c_compressionLevel]: level },
    }),
  isUtf8,
  textOf: (bytes, start, end) =>
    (Buffer.isBuffer(bytes) ? bytes : viewOf(bytes)).toString('utf8', start, end),
}

/**
 * `decodeRecord(value, limits, mode)`: the whole message, or the reason why not. 64-bit fields are
 * bigint; bytes fields are views of `value` (of the decompressed bytes, if it was compressed).
 *
 * `scanRecord(value, limits, mode)`: accepts and refuses exactly what `decodeRecord` does, but
 * returns only the facts a relay needs.
 *
 * `encodeRecord(message, options?)`: the framed value. A message that is longer than
 * `compressAboveBytes` is compressed if that makes it smaller, and marked so in its headers.
 */
export const { decodeRecord, scanRecord, encodeRecord } = createCodec(node)

export {
  bytesToScan,
  COMPRESS_ABOVE_BYTES,
  FRAMED_PLAIN,
  FRAMED_ZSTD,
  ZSTD_LEVEL,
  type Codec,
  type Decoded,
  type DecodeLimits,
  type DecodeMode,
  type EncodeOptions,
} from './codec-core.ts'
export {
  decodeFailures,
  errorTypeOf,
  type DecodeFailure,
  type ErrorType,
  type Refusal,
} from './failures.ts'
export type { PayloadKind, RecordFacts, Run, Scanned } from './scan.ts'
export {
  refuseSchema,
  SCHEMA_VERSION,
  schemaVersionOf,
  type SchemaPolicy,
} from './schema-version.ts'

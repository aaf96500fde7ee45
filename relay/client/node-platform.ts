/** What Node provides to the client. A browser uses the codec core and its own zstd instead. */
import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { decodeRecord } from '../../proto/codec.ts'
import type { ClientPlatform } from './parts.ts'

/** Decoding, digests and zstd from the runtime. */
export const nodePlatform: ClientPlatform = {
  decode: (frame, limits) => decodeRecord(frame, limits, 'compatible'),
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  unzstd: (frame, bytesMax) =>
    zstdDecompressSync(frame, { maxOutputLength: Math.max(1, bytesMax) }),
}

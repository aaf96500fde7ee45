/**
 * Two things that kafkajs 2.2.4 lacks on Node 24, mended once per process.
 *
 * After every response its request queue sets a timer for `throttledUntil - now`, and as nothing
 * is throttled that is minus the current time: a warning, and a useless timer per request. And it
 * knows no zstd, which topics of this product use, while Node brings it.
 */
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/** A fetched batch is at most a few MiB; what claims to be more is no honest batch. */
const batchBytesMax = 256 * 1_024 * 1_024
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
let isMended = false

/** Idempotent. */
export function mendKafkajs(): void {
  if (isMended) return
  isMended = true
  mendRequestQueue()
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => compress(encoder.buffer),
    decompress: (bytes: Buffer) => decompress(bytes, { maxOutputLength: batchBytesMax }),
  })
}

function mendRequestQueue(): void {
  const path = 'kafkajs/src/network/requestQueue/index.js'
  const queueClass = createRequire(import.meta.url)(path) as { readonly prototype: RequestQueue }
  const schedule = queueClass.prototype.scheduleCheckPendingRequests
  queueClass.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0) schedule.call(this)
  }
}

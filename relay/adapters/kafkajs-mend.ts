/**
 * What kafkajs 2.2.4 lacks, mended once per process.
 *
 * After every response its request queue sets a timer for `throttledUntil - now`, and as nothing
 * is throttled that is minus the current time: a warning on Node 24, and a useless timer per
 * request.
 *
 * Of the codecs that producers use it knows gzip only; it unpacks without a bound, and a batch that
 * it cannot read ends the consumer, again and again. So batches are read by our own code.
 */
import { createRequire } from 'node:module'
import { Allowance } from '../batches/allowance.ts'
import { magic, magicAt } from '../batches/batch.ts'
import { readRecordSet } from '../batches/record-set.ts'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}
/** A place in an answer of a broker; all partitions of an answer are read by the same one. */
interface Decoder {
  readonly buffer: Buffer
  readonly offset: number
  readInt32(): number
  canReadBytes(count: number): boolean
  readBytes(count: number): Buffer
}
type DecodeMessages = (decoder: Decoder) => Promise<readonly object[]>

const require = createRequire(import.meta.url)
let isMended = false
let answerBytesMax = 32 * 1_024 * 1_024

/**
 * Idempotent.
 *
 * @param bytesMax what an answer may unpack to from now on, for all clients of the process
 */
export function mendKafkajs(bytesMax = answerBytesMax): void {
  answerBytesMax = bytesMax
  if (isMended) return
  isMended = true
  mendRequestQueue()
  mendRecordSets()
}

function mendRequestQueue(): void {
  const path = 'kafkajs/src/network/requestQueue/index.js'
  const queueClass = require(path) as { readonly prototype: RequestQueue }
  const schedule = queueClass.prototype.scheduleCheckPendingRequests
  queueClass.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** Whoever decodes an answer requires this function when the first one comes. */
function mendRecordSets(): void {
  const path = require.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js')
  const theirs = require(path) as DecodeMessages
  const allowances = new WeakMap<Decoder, Allowance>()
  const ours: DecodeMessages = async (decoder) => {
    // Before the record set stands its length.
    if (!isOurs(decoder.buffer, decoder.offset + 4)) return theirs(decoder)
    const bytes = decoder.readInt32()
    if (bytes <= 0 || !decoder.canReadBytes(bytes)) return []
    const allowance = allowances.get(decoder) ?? new Allowance(answerBytesMax)
    allowances.set(decoder, allowance)
    return readRecordSet(decoder.readBytes(bytes), allowance)
  }
  require.cache[path]!.exports = ours
}

/** Records from before Kafka 0.11 have another form, and none of our business. */
const isOurs = (answer: Buffer, at: number): boolean => answer[at + magicAt] === magic

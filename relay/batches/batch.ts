/** A batch of records as Kafka keeps it (the format since 0.11): its header, and its records. */
import { corrupt } from './faults.ts'

/** What kafkajs makes of a record, so that the rest of it need not know who read it. */
export interface Message {
  readonly magicByte: number
  readonly attributes: number
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Always empty: nobody here asks for them, and a record may have any number. */
  readonly headers: Readonly<Record<string, never>>
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}
export interface Batch {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly codec: number
  readonly isStampedByBroker: boolean
  readonly isControl: boolean
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly context: Message['batchContext']
  /** How many records it claims to hold. */
  readonly count: number
  /** The records, packed or not. */
  readonly body: Buffer
  /** Of all of it. */
  readonly bytes: number
}

export const magic = 2
export const magicAt = 16
/** Offset and length: what stands before the bytes that the length counts. */
const prefixBytes = 12
const headerBytes = 61
/** A record of nothing. */
const recordBytesMin = 7

/** The batch at `at`; undefined when its end was not fetched. */
export function batchAt(set: Buffer, at: number): Batch | undefined {
  if (at + headerBytes > set.length) return undefined
  const bytes = prefixBytes + set.readInt32BE(at + 8)
  if (at + bytes > set.length) return undefined
  const firstOffset = set.readBigInt64BE(at)
  const attributes = set.readInt16BE(at + 21)
  return {
    firstOffset,
    lastOffset: firstOffset + BigInt(Math.max(0, set.readInt32BE(at + 23))),
    codec: attributes & 0x07,
    isStampedByBroker: (attributes & 0x08) !== 0,
    isControl: (attributes & 0x20) !== 0,
    firstTimestamp: Number(set.readBigInt64BE(at + 27)),
    maxTimestamp: Number(set.readBigInt64BE(at + 35)),
    context: {
      producerId: String(set.readBigInt64BE(at + 43)),
      inTransaction: (attributes & 0x10) !== 0,
    },
    count: Math.max(0, set.readInt32BE(at + 57)),
    body: set.subarray(at + headerBytes, at + Math.max(headerBytes, bytes)),
    // A length that is none must not keep whoever reads on in the same place.
    bytes: Math.max(headerBytes, bytes),
  }
}

/**
 * The records of a batch; their keys and values are views of `body`.
 *
 * @param body what the batch's body unpacks to
 * @throws UnpackError when they are not what the header says
 */
export function recordsOf(batch: Batch, body: Buffer): Message[] {
  if (batch.count * recordBytesMin > body.length) throw corrupt('it has not so many records')
  const reader = new Reader(body)
  return Array.from({ length: batch.count }, () => reader.record(batch))
}

const noHeaders: Message['headers'] = Object.freeze({})

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  record(batch: Batch): Message {
    const length = this.#varint()
    const end = this.#at + length
    if (length < 1 || end > this.#bytes.length) throw corrupt('a record is cut off')
    const attributes = this.#bytes[this.#at++]!
    const timestampDelta = this.#varint()
    const offset = batch.firstOffset + BigInt(this.#varint())
    if (offset < batch.firstOffset || offset > batch.lastOffset) {
      throw corrupt('a record has an offset of another batch')
    }
    const { isStampedByBroker, maxTimestamp, firstTimestamp } = batch
    const message = {
      magicByte: magic,
      attributes,
      timestamp: String(isStampedByBroker ? maxTimestamp : firstTimestamp + timestampDelta),
      offset: String(offset),
      key: this.#slice(),
      value: this.#slice(),
      headers: noHeaders,
      isControlRecord: batch.isControl,
      batchContext: batch.context,
    }
    if (this.#at > end) throw corrupt('a record is longer than it says')
    this.#at = end
    return message
  }

  /** Bytes after their length, of which -1 means that there are none at all. */
  #slice(): Buffer | null {
    const length = this.#varint()
    if (length < 0) return null
    const start = this.#at
    if (start + length > this.#bytes.length) throw corrupt('a field is cut off')
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** Zigzag. Exact up to 2^53, which only timestamps could pass. */
  #varint(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw corrupt('a number is cut off')
  }
}

/** A batch of records as Kafka stores it (the format since 0.11): its header and its records. */
import { crc32c } from './checksum.ts'
import { corrupt } from './faults.ts'
import type { FetchedRecord } from './fetched.ts'

export interface Batch {
  readonly kind: 'batch'
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly codec: number
  readonly isStampedByBroker: boolean
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  /** How many records its header claims. */
  readonly count: number
  /** The records, compressed or not. */
  readonly body: Buffer
  /** The whole batch, and its length. */
  readonly whole: Buffer
  readonly bytes: number
}

export const batchHeaderBytes = 61
const checksumAt = 17
/** The checksum covers the bytes from here on. */
const attributesAt = 21
/** An empty record. */
const recordBytesMin = 7

/**
 * The header of a batch.
 *
 * @param bytes the whole batch, and at least its header
 */
export function batchOf(bytes: Buffer): Batch {
  const firstOffset = bytes.readBigInt64BE(0)
  const attributes = bytes.readInt16BE(attributesAt)
  return {
    kind: 'batch',
    firstOffset,
    lastOffset: firstOffset + BigInt(bytes.readInt32BE(23)),
    codec: attributes & 0x07,
    isStampedByBroker: (attributes & 0x08) !== 0,
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
    firstTimestamp: Number(bytes.readBigInt64BE(27)),
    maxTimestamp: Number(bytes.readBigInt64BE(35)),
    producerId: bytes.readBigInt64BE(43),
    count: bytes.readInt32BE(57),
    body: bytes.subarray(batchHeaderBytes),
    whole: bytes,
    bytes: bytes.length,
  }
}

/** Whether its checksum matches. */
export const isIntact = ({ whole }: Batch): boolean =>
  crc32c(whole.subarray(attributesAt)) === whole.readUInt32BE(checksumAt)

/** Reads the records of a batch; their keys and values are views of its unpacked body. */
export class RecordReader {
  readonly #batch: Batch
  readonly #bytes: Buffer
  readonly #deltaMax: number
  #at = 0
  /** Offset delta of the record before. */
  #delta = -1

  /**
   * @param body the unpacked body of the batch
   * @throws UnpackError when it cannot hold as many records as the header claims
   */
  constructor(batch: Batch, body: Buffer) {
    this.#batch = batch
    this.#bytes = body
    this.#deltaMax = Number(batch.lastOffset - batch.firstOffset)
    const { count } = batch
    if (count < 0) throw corrupt(`its header claims ${count} records`)
    if (count * recordBytesMin > body.length) throw corrupt('it has fewer records than claimed')
  }

  /** @throws UnpackError when the next record contradicts the header */
  next(): FetchedRecord {
    const length = this.#varint()
    const end = this.#at + length
    if (length < 1 || end > this.#bytes.length) throw corrupt('a record is cut off')
    // Its attributes, which are unused.
    this.#at += 1
    const { firstOffset, firstTimestamp, isStampedByBroker, maxTimestamp } = this.#batch
    const timestamp = firstTimestamp + this.#varint()
    const delta = this.#varint()
    if (delta <= this.#delta || delta > this.#deltaMax) {
      throw corrupt('its offsets do not ascend, or are outside of the batch')
    }
    this.#delta = delta
    const record = {
      offset: firstOffset + BigInt(delta),
      key: this.#slice(),
      value: this.#slice(),
      timestampMs: isStampedByBroker ? maxTimestamp : timestamp,
    }
    if (this.#at > end) throw corrupt('a record is longer than its length field')
    this.#at = end
    return record
  }

  /** @throws UnpackError when something follows the last record */
  end(): void {
    if (this.#at < this.#bytes.length) throw corrupt('bytes follow the last record')
  }

  /** Bytes after their length; -1 means null. */
  #slice(): Buffer | null {
    const length = this.#varint()
    if (length < 0) return null
    const start = this.#at
    if (start + length > this.#bytes.length) throw corrupt('a field is cut off')
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** Zigzag. Exact up to 2^53, which only timestamps could exceed. */
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

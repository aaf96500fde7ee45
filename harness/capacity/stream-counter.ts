/**
 * Counts the frames of one connection without building them, so that the reading side costs less
 * than what it measures. Knows server frames only: unmasked, unfragmented.
 */
import { stampBytes, stampOf } from './stamp.ts'

const binary = 0x82
const headerBytesMax = 10

export interface Tally {
  /** Binary frames whose last byte has arrived. */
  records: number
  /** Frames of another kind than cursor and record: gap, disconnect, close, … */
  others: number
}

export class StreamCounter {
  readonly tally: Tally = { records: 0, others: 0 }
  readonly #onStamp: ((stampUs: number) => void) | undefined
  readonly #header = Buffer.alloc(headerBytesMax)
  #headerBytes = 0
  #left = 0
  #isRecord = false

  /** @param onStamp gets the producer's stamp of every record whose stamp came in one piece */
  constructor(onStamp?: (stampUs: number) => void) {
    this.#onStamp = onStamp
  }

  /** Takes the next `length` bytes of the stream. */
  take(chunk: Buffer, length: number): void {
    let at = 0
    while (at < length) {
      if (this.#left > 0) at = this.#skip(chunk, at, length)
      else at = this.#readHeader(chunk, at, length)
    }
  }

  #skip(chunk: Buffer, at: number, length: number): number {
    const step = Math.min(this.#left, length - at)
    this.#left -= step
    const end = at + step
    if (this.#left === 0 && this.#isRecord) this.#finishRecord(chunk, end)
    return end
  }

  #finishRecord(chunk: Buffer, end: number): void {
    this.tally.records += 1
    if (this.#onStamp !== undefined && end >= stampBytes) this.#onStamp(stampOf(chunk, end))
  }

  /** Headers may be cut anywhere: they are gathered byte by byte, then read. */
  #readHeader(chunk: Buffer, from: number, length: number): number {
    let at = from
    const header = this.#header
    while (at < length) {
      header[this.#headerBytes] = chunk[at]!
      this.#headerBytes += 1
      at += 1
      const payloadBytes = this.#payloadBytes()
      if (payloadBytes === undefined) continue
      this.#begin(payloadBytes)
      return at
    }
    return at
  }

  #payloadBytes(): number | undefined {
    const have = this.#headerBytes
    const short = this.#header[1]! & 0x7f
    if (have < 2) return undefined
    if (short < 126) return short
    if (short === 126) return have < 4 ? undefined : this.#header.readUInt16BE(2)
    return have < 10 ? undefined : Number(this.#header.readBigUInt64BE(2))
  }

  #begin(payloadBytes: number): void {
    this.#isRecord = this.#header[0] === binary
    // Cursors are 30 to 71 bytes of text; all else that a relay sends is longer, or no text.
    const isCursor = this.#header[0] === 0x81 && payloadBytes > 30 && payloadBytes <= 71
    if (!this.#isRecord && !isCursor) this.tally.others += 1
    this.#headerBytes = 0
    this.#left = payloadBytes
    if (payloadBytes === 0 && this.#isRecord) this.tally.records += 1
  }
}

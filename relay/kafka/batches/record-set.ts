/**
 * All batches of a partition in an answer of a broker. A batch that cannot be unpacked or read
 * becomes one record that says so, with the offsets of the batch: the consumer skips it, and the
 * partition goes on. Records of aborted transactions, transaction markers and empty batches are
 * skipped silently.
 *
 * By hand, although kafkajs decodes batches: that takes 6 times as long for 500 records of 200 to
 * 1,024 bytes, unpacks without a limit, and drops the whole answer for one batch that it cannot
 * read.
 */
import type { Allowance } from './allowance.ts'
import { type Batch, isIntact, RecordReader } from './batch.ts'
import { type BrokenEntry, type Entry, entryAt, lastOffsetAt } from './entry.ts'
import { corrupt, UnpackError } from './faults.ts'
import type { FetchedRecord, ReadRecords, Unreadable } from './fetched.ts'
import { messagesIn, type OldMessage, oldMessageOf } from './old-message.ts'
import type { IsHidden } from './transactions.ts'
import { codecName, unpack } from './unpack.ts'

/** The request, and what the broker sends in addition to the records. */
export interface Fetch {
  readonly offset: bigint
  /** Negative where it is unknown. */
  readonly logEnd: bigint
  readonly hides: IsHidden
}

/** Records that are read in one turn of the event loop: a few milliseconds. */
const recordsAtOnce = 2_048
/** Above this a checksum takes too long for its use. */
const checksumBytesMax = 1_024 * 1_024

/**
 * Reads as many batches as are complete and fit into the allowance. The rest is left out, to be
 * fetched again; but never the first of an answer, so that there is always progress: if the first
 * entry has no end, the whole set becomes one unreadable record.
 */
export const readRecordSet = (
  set: Buffer,
  fetch: Fetch,
  allowance: Allowance,
): Promise<ReadRecords> => new Reading(fetch, allowance).read(set)

class Reading {
  readonly #fetch: Fetch
  readonly #allowance: Allowance
  readonly #records: FetchedRecord[] = []
  #bytes = 0
  /** Offset after everything that was read. */
  #next: bigint
  #readInTurn = 0

  constructor(fetch: Fetch, allowance: Allowance) {
    this.#fetch = fetch
    this.#allowance = allowance
    this.#next = fetch.offset
  }

  async read(set: Buffer): Promise<ReadRecords> {
    let entry: Entry | undefined
    const place = (at: number) => ({ set, at, next: this.#next, logEnd: this.#fetch.logEnd })
    for (let at = 0; (entry = entryAt(place(at))) !== undefined; at += entry.bytes) {
      const from = this.#records.length
      const taken = this.#take(entry)
      // Most are read synchronously and need no turn of the event loop.
      if (!(taken === true || (await taken))) return this.#done()
      this.#passTo(entry, from)
    }
    if (set.length > 0 && this.#next === this.#fetch.offset) {
      const lastOffset = lastOffsetAt(place(0))
      const says = 'it is cut off, or its length is wrong'
      this.#pushBroken({ kind: 'broken', lastOffset, body: set, bytes: set.length, says })
      this.#next = lastOffset + 1n
    }
    return this.#done()
  }

  #done(): ReadRecords {
    return { records: this.#records, bytes: this.#bytes, nextOffset: this.#next }
  }

  #push(record: FetchedRecord): void {
    this.#records.push(record)
    if (record.value !== null) this.#bytes += record.value.length
  }

  /** Removes the records pushed from `from` on, except those that are kept. */
  #keep(from: number, isKept: (record: FetchedRecord) => boolean): void {
    for (const record of this.#records.splice(from)) {
      if (isKept(record)) this.#records.push(record)
      else this.#bytes -= record.value?.length ?? 0
    }
  }

  /** @param from index of the entry's first record; records that were read before are removed */
  #passTo(entry: Entry, from: number): void {
    const next = this.#next
    const isKept = ({ offset }: FetchedRecord) => offset >= next
    if (entry.kind !== 'batch' || entry.firstOffset < next) this.#keep(from, isKept)
    if (entry.lastOffset >= next) this.#next = entry.lastOffset + 1n
  }

  /** False when it does not fit any more. */
  #take(entry: Entry): boolean | Promise<boolean> {
    const isHidden = entry.kind === 'batch' && (this.#fetch.hides(entry) || entry.isControl)
    if (isHidden || entry.lastOffset < this.#next) return true
    if (entry.kind === 'old') return this.#takeOld(entry.body, entry.lastOffset)
    if (entry.kind === 'broken') this.#pushBroken(entry)
    else if (entry.codec !== 0 || entry.count > recordsAtOnce) return this.#takeLater(entry)
    else if (entry.count !== 0 || entry.body.length > 0) return this.#takeNow(entry)
    return true
  }

  /** Reads a batch that is neither compressed nor long, synchronously. */
  #takeNow(batch: Batch): boolean | Promise<boolean> {
    const { body, count } = batch
    if (this.#allowance.leftFor(count) < 0 && !this.#allowance.isWhole) return false
    const from = this.#records.length
    try {
      const reader = new RecordReader(batch, body)
      for (let left = count; left > 0; left -= 1) this.#push(reader.next())
      reader.end()
      this.#allowance.take(count, 0)
    } catch (error) {
      this.#refuseBatch(batch, from, error)
    }
    return this.#isRested(count)
  }

  async #takeLater(batch: Batch): Promise<boolean> {
    const { body, codec, count } = batch
    const from = this.#records.length
    try {
      const unpacked = await this.#unpack(codec, body, Math.max(0, count))
      if (unpacked === undefined) return false
      const reader = new RecordReader(batch, unpacked)
      for (let left = count; left > 0; left -= 1) {
        this.#push(reader.next())
        if (left % recordsAtOnce === 0) await rest()
      }
      reader.end()
      this.#allowance.take(count, codec === 0 ? 0 : unpacked.length)
    } catch (error) {
      this.#refuseBatch(batch, from, error)
    }
    return true
  }

  #refuseBatch(batch: Batch, from: number, error: unknown): void {
    if (!(error instanceof UnpackError)) throw error
    const { body, codec, count, firstOffset, lastOffset, maxTimestamp } = batch
    const { fault, message } = error
    const isChecked = fault === 'corrupt' && body.length <= checksumBytesMax
    const damage = isChecked && !isIntact(batch) ? '; its checksum is wrong: it was damaged' : ''
    const about = `${codecName(codec)}, ${body.length} bytes, ${count} records`
    const says = `${message}${damage} (${about})`
    this.#keep(from, () => false)
    this.#refuse({ firstOffset, lastOffset, fault, says }, body, maxTimestamp)
  }

  async #takeOld(bytes: Buffer, lastOffset: bigint): Promise<boolean> {
    try {
      const message = oldMessageOf(bytes)
      if (message.codec === 0) this.#pushOld([message])
      else if (message.value === null) throw corrupt('it is compressed and has no value')
      else {
        const unpacked = await this.#unpack(message.codec, message.value, 0)
        if (unpacked === undefined) return false
        this.#pushOld(messagesIn(unpacked, message))
        this.#allowance.take(0, unpacked.length)
      }
    } catch (error) {
      if (!(error instanceof UnpackError)) throw error
      const says = `${error.message} (message format ${bytes[16]}, ${bytes.length} bytes)`
      this.#refuse({ firstOffset: this.#next, lastOffset, fault: error.fault, says }, bytes, -1)
    }
    return true
  }

  /** Undefined when it does not fit any more. @throws UnpackError */
  async #unpack(codec: number, body: Buffer, count: number): Promise<Buffer | undefined> {
    const { isWhole } = this.#allowance
    const bytesMax = this.#allowance.leftFor(count)
    if (bytesMax < 0 && !isWhole) return undefined
    if (codec === 0) return body
    const unpacked = await unpack(codec, body, Math.max(0, bytesMax))
    if (unpacked.ok) return unpacked.bytes
    if (unpacked.fault === 'too_large' && !isWhole) return undefined
    throw new UnpackError(unpacked.fault, unpacked.says)
  }

  /** Yields to the event loop after `recordsAtOnce` records. */
  #isRested(records: number): true | Promise<true> {
    this.#readInTurn += records
    if (this.#readInTurn < recordsAtOnce) return true
    this.#readInTurn = 0
    return rest()
  }

  #pushOld(messages: readonly OldMessage[]): void {
    for (const { key, offset, timestamp, value } of messages) {
      this.#push({ offset, key, value, timestampMs: Number(timestamp) })
    }
    this.#allowance.take(messages.length, 0)
  }

  #pushBroken({ body, lastOffset, says }: BrokenEntry): void {
    const known = { firstOffset: this.#next, lastOffset, fault: 'corrupt' } as const
    this.#refuse({ ...known, says: `${says} (${body.length} bytes)` }, body, -1)
  }

  /** It may begin before the next offset to read; that part was processed before. */
  #refuse(known: Unreadable, body: Buffer, timestampMs: number): void {
    const { firstOffset, lastOffset } = known
    const which = `The batch of offsets ${firstOffset} to ${lastOffset}`
    const unreadable = { ...known, says: `${which} cannot be read: ${known.says}.` }
    const offset = firstOffset > this.#next ? firstOffset : this.#next
    this.#push({ offset, key: null, value: body, timestampMs, unreadable })
  }
}

const rest = (): Promise<true> => new Promise((rested) => void setImmediate(rested, true))

/**
 * The result of a fetch: our own records, made once from Kafka's bytes and passed on unchanged. A
 * batch is traversed twice: once to read its records, and once by the consume stage, in chunks.
 */
import type { UnpackFault } from './faults.ts'

/** Why a batch cannot be read, and its offsets. */
export interface Unreadable {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly fault: UnpackFault
  readonly says: string
}

/** A record of Kafka, without its headers, which the relay does not use. */
export interface FetchedRecord {
  readonly offset: bigint
  /** Key and value are views of the whole fetched response: copy them to keep them. */
  readonly key: Buffer | null
  /** Null for a tombstone. */
  readonly value: Buffer | null
  /** Milliseconds since 1970, set by the producer or the broker; -1 where there is none. */
  readonly timestampMs: number
  /**
   * Set when this stands for a whole batch that cannot be read, from `offset` on; `value` is its
   * bytes.
   */
  readonly unreadable?: Unreadable
}

/** The content of a record set. */
export interface ReadRecords {
  /** Ascending. */
  readonly records: readonly FetchedRecord[]
  /** Bytes of their values. */
  readonly bytes: number
  /** Next offset after everything that was read, hidden records included. */
  readonly nextOffset: bigint
}

/** Records of one partition out of one fetch. */
export interface Fetched extends ReadRecords {
  readonly partition: number
  /** Start of the fetch: offsets between this and the first record do not exist. */
  readonly fetchedOffset: bigint
  /** Log end at the time of the fetch. */
  readonly highWatermark: bigint
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Copies the bytes of the records, so that they do not keep the whole answer in memory. */
export function leaveAnswer({ records }: Fetched): void {
  const sizeOf = ({ key, value }: FetchedRecord) => (key?.length ?? 0) + (value?.length ?? 0)
  const copy = Buffer.allocUnsafeSlow(records.reduce((sum, one) => sum + sizeOf(one), 0))
  let at = 0
  const moved = (bytes: Buffer | null) => {
    if (bytes === null) return null
    const start = at
    at += bytes.copy(copy, start)
    return copy.subarray(start, at)
  }
  for (const record of records as readonly Writable<FetchedRecord>[]) {
    record.key = moved(record.key)
    record.value = moved(record.value)
  }
}

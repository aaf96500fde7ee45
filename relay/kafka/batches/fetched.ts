/**
 * What a fetch comes to: our own records, made once from Kafka's bytes and handed on as they are.
 * Of a batch there are two passes over its records: one that reads them, and one of the consume
 * stage that takes them, a chunk at a time.
 */
import type { UnpackFault } from './faults.ts'

/** Why nobody knows what a batch holds, and for which offsets it stands. */
export interface Unreadable {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly fault: UnpackFault
  readonly says: string
}

/** A record of Kafka. Its headers are passed over: nobody here asks for them. */
export interface FetchedRecord {
  readonly offset: bigint
  /** Key and value are views of the whole fetched response: copy what is kept. */
  readonly key: Buffer | null
  /** Null for a tombstone. */
  readonly value: Buffer | null
  /** Milliseconds since 1970, as the producer or the broker stamped it; -1 where nobody did. */
  readonly timestampMs: number
  /**
   * Set when this stands for a whole batch that cannot be read, from `offset` on; `value` is what
   * there is of it.
   */
  readonly unreadable?: Unreadable
}

/** All that was read of a record set. */
export interface ReadRecords {
  /** Ascending. */
  readonly records: readonly FetchedRecord[]
  /** What their values come to. */
  readonly bytes: number
  /** Next offset after everything that was read, records that are not shown to us included. */
  readonly nextOffset: bigint
}

/** Records of one partition out of one fetch. */
export interface Fetched extends ReadRecords {
  readonly partition: number
  /** Where the fetch began: what lies between this and the first record does not exist. */
  readonly fetchedOffset: bigint
  /** Log end at the time of the fetch. */
  readonly highWatermark: bigint
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Makes records views of a copy of theirs, so that they keep no more than that in memory. */
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

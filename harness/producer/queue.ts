/**
 * The producer's own queue: first in, first out, bounded in bytes. When it is full the newest
 * record is refused, as the audited producers do; a queue without a bound would turn a broker that
 * is slow into a harness that is dead.
 */
import type { MalformedKind } from '../records/malformed.ts'

/** A record on its way to Kafka. */
export interface Outgoing {
  readonly number: number
  readonly thread: string
  readonly sequence: number
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer | null
  /** `clock.nowMs()` at which the open model wanted it. */
  readonly dueMs: number
  readonly kind?: MalformedKind
  /** Called once, when the record was acknowledged or given up. */
  readonly settled?: () => void
}

export interface OutgoingQueue {
  /** Takes the record, or says that there is no room. */
  offer(record: Outgoing): boolean
  /** Whether a record of `bytes` would be taken. */
  hasRoom(bytes: number): boolean
  /** Removes the oldest records, at most so many and so many bytes, but at least one. */
  take(recordsMax: number, bytesMax: number): Outgoing[]
  readonly length: number
  readonly bytes: number
}

/** What a record costs beside its bytes, so that tombstones fill the queue as well. */
const overheadBytes = 128

/** A queue of at most `bytesMax`. A record that is larger alone is taken when it is empty. */
export function openQueue(bytesMax: number): OutgoingQueue {
  let records: Outgoing[] = []
  let head = 0
  let bytes = 0
  const hasRoom = (more: number) => bytes === 0 || bytes + more + overheadBytes <= bytesMax
  const compact = () => {
    if (head < 1_024 || head * 2 < records.length) return
    records = records.slice(head)
    head = 0
  }
  return {
    hasRoom,
    offer(record) {
      if (!hasRoom(record.value?.length ?? 0)) return false
      records.push(record)
      bytes += costOf(record)
      return true
    },
    take(recordsMax, takenBytesMax) {
      let end = head
      for (let taken = 0; end < records.length && end - head < recordsMax; end++) {
        taken += costOf(records[end] as Outgoing)
        if (taken > takenBytesMax && end > head) break
      }
      const batch = records.slice(head, end)
      head = end
      for (const record of batch) bytes -= costOf(record)
      compact()
      return batch
    },
    get length() {
      return records.length - head
    },
    get bytes() {
      return bytes
    },
  }
}

const costOf = (record: Outgoing) => (record.value?.length ?? 0) + overheadBytes

/** A record that has neither a number nor a due time yet. */
export type Prepared = Omit<Outgoing, 'number' | 'dueMs' | 'settled'>

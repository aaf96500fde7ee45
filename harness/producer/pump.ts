/**
 * Takes records from the queue, sends them, and writes down what became of each. One request is
 * under way at a time, which is what makes the order of a partition the order of the queue.
 */
import { crc32 } from 'node:zlib'
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { ProducedRecord } from '../history/event.ts'
import type { Journal } from '../history/journal.ts'
import { isRefusable } from '../records/malformed.ts'
import type { Prepared, Outgoing, OutgoingQueue } from './queue.ts'
import { UnackedError, type Sink } from './sink.ts'

export interface PumpCounts {
  sent: number
  acked: number
  failed: number
  /** Next offset by partition. */
  readonly ends: Map<number, bigint>
  /** Offset by partition of the first record that a relay may refuse. */
  readonly firstPoison: Map<number, bigint>
  behindMs: number
}

export interface Pump {
  /** There may be records: send them, if no request is under way. */
  wake(): void
  /** Resolves when the queue is empty and nothing is under way. */
  drained(): Promise<void>
  /** Writes down a record that went another way, and was acknowledged there. */
  acknowledged(partition: number, base: bigint, sentAt: number, record: Prepared): void
  readonly counts: Readonly<PumpCounts>
}

/** Below a broker's default of 1 MiB for a batch, in every partition. */
const requestBytesMax = 768 * 1_024
const requestRecordsMax = 2_000
/** After a failure, so that a broker that is away is not asked a thousand times a second. */
const pauseAfterFailureMs = 100

export function openPump(clock: Clock, journal: Journal, queue: OutgoingQueue, sink: Sink): Pump {
  const counts: PumpCounts = {
    sent: 0,
    acked: 0,
    failed: 0,
    ends: new Map(),
    firstPoison: new Map(),
    behindMs: 0,
  }
  const book = bookkeeper(journal, counts)
  let running: Promise<void> | undefined
  const send = async (batch: readonly Outgoing[]) => {
    const sentAt = journal.now()
    counts.sent += batch.length
    counts.behindMs = Math.max(0, clock.nowMs() - (batch.at(-1)?.dueMs ?? 0))
    const outcome = await sink.send(batch).catch(unacked)
    for (const [partition, records] of Map.groupBy(batch, (record) => record.partition)) {
      const base = outcome instanceof UnackedError ? undefined : outcome.get(partition)
      if (base !== undefined) book.acked(partition, base, sentAt, records)
      else book.unacked(partition, outcome instanceof UnackedError ? outcome : silent, records)
    }
    for (const { settled } of batch) settled?.()
    if (outcome instanceof UnackedError) await sleep(clock, pauseAfterFailureMs)
  }
  const run = async () => {
    while (queue.length > 0) await send(queue.take(requestRecordsMax, requestBytesMax))
  }
  const wake = () => {
    running ??= run().finally(() => {
      running = undefined
    })
  }
  return {
    wake,
    async drained() {
      do {
        wake()
        await running
      } while (queue.length > 0)
    },
    acknowledged(partition, base, sentAt, record) {
      counts.sent += 1
      book.acked(partition, base, sentAt, [{ ...record, number: -1, dueMs: clock.nowMs() }])
    },
    counts,
  }
}

const silent = new UnackedError(false, 'the answer says nothing of the partition')

/** An unacknowledged send is an outcome; anything else is our mistake and ends the process. */
function unacked(error: unknown): UnackedError {
  if (error instanceof UnackedError) return error
  throw error
}

/** Writes down what became of records, and counts it. */
function bookkeeper(journal: Journal, counts: PumpCounts) {
  return {
    acked(partition: number, base: bigint, sentAt: number, records: readonly Outgoing[]) {
      journal.write(['acked', journal.now(), partition, `${base}`, sentAt, records.map(produced)])
      counts.acked += records.length
      const end = base + BigInt(records.length)
      if (end > (counts.ends.get(partition) ?? 0n)) counts.ends.set(partition, end)
      const at = records.findIndex(({ kind }) => kind !== undefined && isRefusable(kind))
      if (at < 0 || counts.firstPoison.has(partition)) return
      counts.firstPoison.set(partition, base + BigInt(at))
    },
    unacked(partition: number, error: UnackedError, records: readonly Outgoing[]) {
      const { isCertain, message } = error
      const lost = records.map(produced)
      journal.write(['unacked', journal.now(), partition, isCertain, message, lost])
      counts.failed += records.length
    },
  }
}

const produced = (record: Outgoing): ProducedRecord => {
  const { number, thread, sequence, value, kind } = record
  const crc = value === null ? 0 : crc32(value)
  const bytes = value === null ? -1 : value.length
  return kind === undefined
    ? [number, thread, sequence, crc, bytes]
    : [number, thread, sequence, crc, bytes, kind]
}

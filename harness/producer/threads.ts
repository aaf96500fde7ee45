/** The threads of the load: each goes on where it stopped, and keeps to its partition. */
import { crc32 } from 'node:zlib'
import type { Load } from './load.ts'
import type { Prepared } from './queue.ts'
import { loadThread, openPlan } from '../records/plan.ts'

/** The partition of a key, as in librdkafka: one thread, one partition, for every producer. */
export const partitionOf = (key: string | Buffer, partitions: number): number =>
  crc32(key) % partitions

/** Makes the next record of a load, stamped with `unixMs`; it takes its sequence for good. */
export type NextRecord = (load: Load, unixMs: number) => Prepared

interface Thread {
  readonly name: string
  readonly key: Buffer
  readonly partition: number
  /** Of the next record. */
  sequence: number
}

/** Every thread in turn, as many as the load has at the moment. */
export function roundRobin(seed: string, partitions: number): NextRecord {
  const plan = openPlan(seed)
  const threads: Thread[] = []
  let turn = 0
  const threadAt = (index: number): Thread => {
    const name = loadThread(index)
    const key = Buffer.from(name)
    return { name, key, partition: partitionOf(key, partitions), sequence: 1 }
  }
  return (load, unixMs) => {
    turn = (turn + 1) % Math.max(1, load.threads)
    const thread = (threads[turn] ??= threadAt(turn))
    const stampUs = BigInt(Math.round(unixMs * 1_000))
    const record = plan.record(thread.name, thread.sequence, load.payloadBytes, stampUs)
    thread.sequence = record.next
    const { name, key, partition } = thread
    return { thread: name, key, partition, sequence: record.sequence, value: record.value }
  }
}

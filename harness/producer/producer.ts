/**
 * The producer: turns load into records that are due by the clock, puts malformed records between
 * them, and lets the pump send both. A sequence is taken together with a place in the queue, so a
 * record that finds the queue full is dropped without leaving a hole in its thread.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import type { Load } from './load.ts'
import type { Journal } from '../history/journal.ts'
import { episode } from '../records/malformed-case.ts'
import type { MalformedKind } from '../records/malformed.ts'
import { dice } from '../world/dice.ts'
import { openIntake, type Intake } from './intake.ts'
import { openQueue, type Prepared } from './queue.ts'
import { openPace } from './pace.ts'
import type { ProducerStatus } from './protocol.ts'
import { openPump } from './pump.ts'
import type { Sink, TransactionalSink } from './sink.ts'
import { partitionOf, roundRobin, type NextRecord } from './threads.ts'
import { openTransactions } from './transactions.ts'

export interface ProducerOptions {
  readonly seed: string
  readonly partitions: number
  /** The target's payload limit: what is oversize depends on it. */
  readonly payloadBytesMax: number
}

export interface Producer {
  /** Load from now on. */
  load(load: Load): ProducerStatus
  /** `each` episodes of every kind over `overMs`; settles when all are acknowledged or failed. */
  malformed(kinds: readonly MalformedKind[], each: number, overMs: number): Promise<ProducerStatus>
  /** Exactly `count` records, as fast as the broker takes them. */
  burst(count: number, load: Load): Promise<ProducerStatus>
  /** So many pairs of transactions over `overMs`; settles when all have ended. */
  transactions(sink: TransactionalSink, each: number, overMs: number): Promise<ProducerStatus>
  status(): ProducerStatus
  /** Stops the load and waits until nothing is under way; the caller sets the limit. */
  drain(): Promise<ProducerStatus>
}

export const tickMs = 5
/** What one tick may make, so that a producer that catches up still listens to its commands. */
const recordsPerTickMax = 1_000
const queueBytesMax = 32 * 1_024 * 1_024
/** Records that a burst makes at a stretch. */
const burstSlice = 256

/** Starts with no load at all. `sink` stays the caller's to close. */
export function openProducer(
  clock: Clock,
  journal: Journal,
  sink: Sink,
  options: ProducerOptions,
): Producer {
  const queue = openQueue(queueBytesMax)
  const pump = openPump(clock, journal, queue, sink)
  const intake = openIntake(clock, queue, pump)
  const next = roundRobin(options.seed, options.partitions)
  const pace = openPace(clock)
  const flow = openFlow(clock, (load, dueMs, unixMs) => {
    // Asked before the record is made, so that a drop takes no sequence and costs no time.
    return queue.hasRoom(bytesOf(load)) && intake.offer(next(load, unixMs), dueMs)
  })
  const tick = () => {
    const times = pace.take(recordsPerTickMax)
    const dropped = flow.make(times)
    if (dropped > 0) journal.write({
      kind: 'dropped',
      t: journal.now(),
      count: dropped,
      why: 'queue-full',
    })
    if (queue.length > 0) pump.wake()
    return times.length
  }
  const timer = clock.every(tickMs, tick)
  const status = (): ProducerStatus => ({
    due: pace.due + intake.forced,
    sent: pump.counts.sent,
    acked: pump.counts.acked,
    failed: pump.counts.failed,
    dropped: flow.dropped,
    ends: byPartition(pump.counts.ends),
    firstPoison: byPartition(pump.counts.firstPoison),
    behindMs: pump.counts.behindMs,
  })
  const malformed = openMalformed(clock, intake, options)
  const transactions = openTransactions(clock, journal, pump, options)
  return {
    load(load) {
      tick()
      flow.load = load
      pace.change(load.recordsPerSecond)
      return status()
    },
    malformed: (kinds, each, overMs) => malformed(kinds, each, overMs).then(status),
    burst: (count, load) => burst(clock, intake, next, count, load).then(status),
    transactions: (open, each, overMs) => transactions(open, each, overMs).then(status),
    status,
    async drain() {
      pace.change(0)
      timer.cancel()
      while (tick() > 0);
      await pump.drained()
      return status()
    },
  }
}

const byPartition = (offsets: ReadonlyMap<number, bigint>): Record<string, string> =>
  Object.fromEntries([...offsets].map(([partition, offset]) => [partition, `${offset}`]))

/** Most that a record of a load takes; those that carry state may be larger than was asked for. */
const bytesOf = (load: Load) => load.payloadBytes + 8 * 1_024

/** Makes the records that are due, each stamped with the time at which it was due. */
function openFlow(clock: Clock, make: (load: Load, dueMs: number, unixMs: number) => boolean) {
  let dropped = 0
  return {
    load: { recordsPerSecond: 0, payloadBytes: 0, threads: 1 } as Load,
    /** Returns how many found no room. */
    make(times: readonly number[]): number {
      const wallMs = clock.unixMs() - clock.nowMs()
      const made = times.filter((dueMs) => make(this.load, dueMs, wallMs + dueMs)).length
      dropped += times.length - made
      return times.length - made
    },
    get dropped() {
      return dropped
    },
  }
}

async function burst(
  clock: Clock,
  intake: Intake,
  next: NextRecord,
  count: number,
  load: Load,
): Promise<void> {
  let last: Promise<void> = Promise.resolve()
  for (let left = count; left > 0; left--) {
    if (left % burstSlice === 0) await sleep(clock, 1)
    await intake.room(bytesOf(load))
    last = intake.force([next(load, clock.unixMs())])
  }
  // Requests are answered in order, so the last record's outcome comes last.
  await last
}

type SendMalformed = (
  kinds: readonly MalformedKind[],
  each: number,
  overMs: number,
) => Promise<void>

function openMalformed(clock: Clock, intake: Intake, options: ProducerOptions): SendMalformed {
  /** Episodes so far, by kind: no two have the same thread. */
  const counts = new Map<MalformedKind, number>()
  return async (kinds, each, overMs) => {
    const startMs = clock.nowMs()
    const outcomes: Promise<void>[] = []
    for (const { kind, atMs } of spread(options.seed, kinds, each, overMs)) {
      await sleep(clock, Math.max(0, startMs + atMs - clock.nowMs()))
      const count = counts.get(kind) ?? 0
      counts.set(kind, count + 1)
      outcomes.push(intake.force(prepared(options, kind, count, clock.unixMs())))
    }
    await Promise.all(outcomes)
  }
}

/** When which episode begins: evenly spread, in an order that the seed decides. */
function spread(seed: string, kinds: readonly MalformedKind[], each: number, overMs: number) {
  const chance = dice(`${seed}/malformed/order`)
  const all = kinds.flatMap((kind) => Array.from({ length: each }, () => kind))
  for (let at = all.length - 1; at > 0; at--) {
    const other = chance.int(at + 1)
    const [a, b] = [all[at] as MalformedKind, all[other] as MalformedKind]
    all[at] = b
    all[other] = a
  }
  return all.map((kind, at) => ({ kind, atMs: (at * overMs) / all.length }))
}

/** The records of one episode, all in the partition of its main thread. */
function prepared(
  { seed, partitions, payloadBytesMax }: ProducerOptions,
  kind: MalformedKind,
  count: number,
  unixMs: number,
): Prepared[] {
  const records = episode(kind, { seed, count, payloadBytesMax, unixMs })
  const partition = partitionOf(records[0]?.thread ?? '', partitions)
  return records.map(({ thread, sequence, value, isMalformed }) => {
    const record = { thread, sequence, partition, key: Buffer.from(thread), value }
    return isMalformed ? Object.assign(record, { kind }) : record
  })
}

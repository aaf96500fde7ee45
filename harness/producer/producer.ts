/**
 * The producer: turns load into records that are due by the clock, puts malformed records between
 * them, and lets the pump send both. A sequence is taken together with a place in the queue, so a
 * record that finds the queue full is dropped without leaving a hole in its thread.
 */
import { crc32 } from 'node:zlib'
import { sleep, type Clock, type Timer } from '../../relay/world/clock.ts'
import type { Load } from '../dsl/scenario.ts'
import type { Journal } from '../history/journal.ts'
import { episode, type EpisodeRecord } from '../stimuli/episode.ts'
import type { MalformedKind } from '../stimuli/malformed.ts'
import { dice } from '../world/dice.ts'
import { openPace } from './pace.ts'
import { loadThread, openPlan } from './plan.ts'
import type { ProducerStatus } from './protocol.ts'
import { openPump } from './pump.ts'
import { openQueue, type Outgoing } from './queue.ts'
import type { Sink } from './sink.ts'

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
  status(): ProducerStatus
  /** Stops the load and waits until nothing is under way; the caller sets the limit. */
  drain(): Promise<ProducerStatus>
}

export const tickMs = 5
/** What one tick may make, so that a producer that catches up still listens to its commands. */
const recordsPerTickMax = 1_000
const queueBytesMax = 32 * 1_024 * 1_024
/** Pause of a burst that finds the queue full. */
const burstPauseMs = 2
/** Records that a burst makes at a stretch. */
const burstSlice = 256
const silence: Load = { recordsPerSecond: 0, payloadBytes: 0, threads: 1 }

/** The partition of a key, as librdkafka has it: one thread, one partition, whoever produces. */
export const partitionOf = (key: string | Buffer, partitions: number): number =>
  crc32(key) % partitions

export function openProducer(
  clock: Clock,
  journal: Journal,
  sink: Sink,
  options: ProducerOptions,
): Producer {
  const queue = openQueue(queueBytesMax)
  const pump = openPump(clock, journal, queue, sink)
  const pace = openPace(clock)
  const enqueue = numbered((record) => queue.offer(record))
  const next = roundRobin(options)
  const episodes = new Map<MalformedKind, number>()
  let current = silence
  let extra = 0
  let dropped = 0

  const status = (): ProducerStatus => ({
    due: pace.due + extra,
    sent: pump.counts.sent,
    acked: pump.counts.acked,
    failed: pump.counts.failed,
    dropped,
    ends: Object.fromEntries([...pump.counts.ends].map(([at, end]) => [at, `${end}`])),
    behindMs: pump.counts.behindMs,
  })
  const tick = () => {
    const times = pace.take(recordsPerTickMax)
    const wall = clock.unixMs() - clock.nowMs()
    let refused = 0
    for (const dueMs of times) {
      // Asked before the record is made, so that a drop takes no sequence and costs no time.
      if (!queue.hasRoom(bytesOf(current))) refused += 1
      else enqueue({ ...next(current, wall + dueMs), dueMs })
    }
    if (refused > 0) journal.write(['dropped', journal.now(), refused, 'queue-full'])
    dropped += refused
    if (queue.length > 0) pump.wake()
    return times.length
  }
  const timer: Timer = clock.every(tickMs, tick)

  /** Waits for room for each record, in order: a stimulus is never dropped. */
  const force = async (records: readonly Prepared[]) => {
    const outcomes: Promise<void>[] = []
    for (const record of records) {
      const { promise, resolve } = Promise.withResolvers<void>()
      while (!enqueue({ ...record, dueMs: clock.nowMs(), settled: resolve })) {
        await sleep(clock, burstPauseMs)
      }
      outcomes.push(promise)
      extra += 1
      pump.wake()
    }
    await Promise.all(outcomes)
  }

  return {
    load(load) {
      tick()
      current = load
      pace.change(load.recordsPerSecond)
      return status()
    },
    async malformed(kinds, each, overMs) {
      const plan = spread(options.seed, kinds, each, overMs)
      const startMs = clock.nowMs()
      const settled: Promise<unknown>[] = []
      for (const { kind, atMs } of plan) {
        await sleep(clock, Math.max(0, startMs + atMs - clock.nowMs()))
        const count = episodes.get(kind) ?? 0
        episodes.set(kind, count + 1)
        settled.push(force(prepared(options, kind, count, clock)))
      }
      await Promise.all(settled)
      return status()
    },
    async burst(count, load) {
      let last: Promise<unknown> = Promise.resolve()
      for (let left = count; left > 0; left--) {
        if (left % burstSlice === 0) await sleep(clock, 1)
        while (!queue.hasRoom(bytesOf(load))) await sleep(clock, burstPauseMs)
        last = force([next(load, clock.unixMs())])
      }
      await last
      return status()
    },
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

/** Most that a record of a load takes; those that carry state may be larger than was asked for. */
const bytesOf = (load: Load) => load.payloadBytes + 8 * 1_024

/** A record that has neither a number nor a due time yet. */
type Prepared = Omit<Outgoing, 'number' | 'dueMs' | 'settled'>

/** Numbers records in the order in which they found room. */
function numbered(offer: (record: Outgoing) => boolean) {
  let number = 0
  return (record: Omit<Outgoing, 'number'>): boolean => {
    const isTaken = offer({ ...record, number })
    if (isTaken) number += 1
    return isTaken
  }
}

/** The load's records: every thread in turn, each going on where it stopped. */
function roundRobin({ seed, partitions }: ProducerOptions) {
  const plan = openPlan(seed)
  const threads: { name: string; key: Buffer; partition: number; sequence: number }[] = []
  let turn = 0
  const threadAt = (index: number) => {
    const name = loadThread(index)
    const key = Buffer.from(name)
    return { name, key, partition: partitionOf(key, partitions), sequence: 1 }
  }
  return (load: Load, unixMs: number): Prepared => {
    turn = (turn + 1) % Math.max(1, load.threads)
    const thread = (threads[turn] ??= threadAt(turn))
    const stampUs = BigInt(Math.round(unixMs * 1_000))
    const record = plan.record(thread.name, thread.sequence, load.payloadBytes, stampUs)
    thread.sequence = record.next
    const { name, key, partition } = thread
    return { thread: name, key, partition, sequence: record.sequence, value: record.value }
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
  clock: Clock,
): Prepared[] {
  const records = episode(kind, { seed, count, payloadBytesMax, unixMs: clock.unixMs() })
  const partition = partitionOf(records[0]?.thread ?? '', partitions)
  return records.map(({ thread, sequence, value, isMalformed }: EpisodeRecord) => {
    const record = { thread, sequence, partition, key: Buffer.from(thread), value }
    return isMalformed ? Object.assign(record, { kind }) : record
  })
}

/**
 * Sends the records of a demo to Kafka at a steady rate. What Kafka does not take is counted and
 * not sent again: a demo shows what happens now.
 */
import { randomBytes } from 'node:crypto'
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { openKafkaSink } from '../producer/sink.ts'
import type { Outgoing } from '../producer/queue.ts'
import { loadThread, openPlan } from '../records/plan.ts'
import { openTopics } from '../stack/topics.ts'

export interface FeedOptions {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly recordsPerSecond: number
}

/** Totals since the start. */
export interface FeedCounts {
  sent: number
  lost: number
  /** Why the last send failed; undefined once one succeeded again. */
  trouble: string | undefined
}

const payloadBytes = 1_024
/** Runs at a time, spread over the partitions. */
const threads = 32
/** Records are sent in groups, so that a rate of thousands is no thousand requests. */
const tickMs = 100
/** A clock that stood still is not made up for with more than this many ticks at once. */
const ticksLateMax = 10

/** Feeds until `signal` aborts. @throws Trouble when Kafka cannot be reached at the start */
export async function feed(
  clock: Clock,
  options: FeedOptions,
  counts: FeedCounts,
  signal: AbortSignal,
): Promise<void> {
  const { brokers, topic, recordsPerSecond } = options
  const partitions = await partitionsOf(clock, options)
  const sink = await openKafkaSink(clock, { brokers, topic })
  const next = recordsOf(clock, partitions)
  const perTick = (recordsPerSecond * tickMs) / 1_000
  let owed = 0
  let dueMs = clock.nowMs()
  try {
    while (!signal.aborted) {
      dueMs = Math.max(dueMs + tickMs, clock.nowMs() - ticksLateMax * tickMs)
      owed += perTick
      const records = Array.from({ length: Math.floor(owed) }, next)
      owed -= records.length
      if (records.length > 0) await send(records)
      await sleep(clock, Math.max(0, dueMs - clock.nowMs()), signal).catch(() => undefined)
    }
  } finally {
    await sink.close()
  }
  async function send(records: readonly Outgoing[]) {
    try {
      await sink.send(records)
      counts.sent += records.length
      counts.trouble = undefined
    } catch (error) {
      counts.lost += records.length
      counts.trouble = (error as Error).message
    }
  }
}

async function partitionsOf(clock: Clock, { brokers, topic }: FeedOptions): Promise<number> {
  const topics = await openTopics(clock, brokers)
  try {
    return (await topics.ends(topic)).length
  } finally {
    await topics.close()
  }
}

/** Records of all threads in turn; each thread keeps to its partition. */
function recordsOf(clock: Clock, partitions: number): () => Outgoing {
  const seed = randomBytes(4).toString('hex')
  const plan = openPlan(seed)
  const sequences = Array.from({ length: threads }, () => 1)
  let turn = 0
  return () => {
    const at = turn
    turn = (turn + 1) % threads
    // A name that an earlier demo did not use: its numbers begin at 1 again.
    const thread = `${loadThread(at)}-${seed}`
    const nowUs = BigInt(Math.round(clock.unixMs() * 1_000))
    const record = plan.record(thread, sequences[at]!, payloadBytes, nowUs)
    sequences[at] = record.next
    const { value, sequence } = record
    const partition = at % partitions
    return { number: 0, thread, sequence, partition, key: Buffer.from(thread), value, dueMs: 0 }
  }
}

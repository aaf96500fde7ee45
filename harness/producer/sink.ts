/**
 * Where the producer's records go: Kafka, which no other file in this folder knows.
 *
 * A request is never repeated. A repeated one whose first answer got lost would write records that
 * no acknowledgement names, and the history would not know what is in the topic; what was not
 * acknowledged is recorded as unacknowledged instead.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type Producer, type ProducerBatch } from '../stack/kafka.ts'
import type { Prepared, Outgoing } from './queue.ts'

/** The first offset of every partition that records were sent to. */
export type BaseOffsets = ReadonlyMap<number, bigint>

/** A send that was not acknowledged. */
export class UnackedError extends Error {
  override readonly name = 'UnackedError'
  readonly code = 'UNACKED'
  /** Whether the broker said that it stored nothing; else it may have stored some or all. */
  readonly isCertain: boolean

  constructor(isCertain: boolean, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.isCertain = isCertain
  }
}

export interface Sink {
  /**
   * Sends records and waits until all replicas have them. Records of one partition get ascending
   * offsets without a hole, in the order given.
   *
   * @throws UnackedError
   */
  send(records: readonly Outgoing[]): Promise<BaseOffsets>
  /** Bounded, never throws. */
  close(): Promise<void>
}

/** A transaction that is open. */
export interface Transaction {
  /** Sends a record, which is stored and not yet to be read. @returns its offset */
  send(record: Prepared): Promise<bigint>
  abort(): Promise<void>
  commit(): Promise<void>
}
export interface TransactionalSink {
  /** Begins a transaction of a producer of this name, which has one at a time. */
  begin(name: string): Promise<Transaction>
  /** Bounded, never throws. */
  close(): Promise<void>
}

export interface SinkOptions {
  readonly brokers: readonly string[]
  readonly topic: string
}

const connectLimitMs = 15_000
const requestLimitMs = 10_000
/** A whole send: one request, after finding the leader to send it to. */
const sendLimitMs = 20_000
const closeLimitMs = 5_000
const allReplicas = -1

/** Connects to Kafka. @throws when no broker answers in time */
export async function openKafkaSink(clock: Clock, options: SinkOptions): Promise<Sink> {
  const { topic } = options
  const producer = kafkaClient('producer', options.brokers).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    retry: { retries: 0 },
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await withDeadline(clock, connectLimitMs, 'connecting the producer to Kafka', () =>
    producer.connect(),
  )
  return {
    async send(records) {
      const batch = batchOf(topic, records)
      try {
        const answers = await withDeadline(clock, sendLimitMs, 'sending records to Kafka', () =>
          producer.sendBatch(batch),
        )
        return baseOffsets(answers)
      } catch (error) {
        throw new UnackedError(isRefusal(error, records), error)
      }
    },
    async close() {
      await withDeadline(clock, closeLimitMs, 'disconnecting the producer', () =>
        producer.disconnect(),
      ).catch(() => undefined)
    },
  }
}

/** Connects each producer when it is named first. */
export function openTransactionalSink(
  clock: Clock,
  { brokers, topic }: SinkOptions,
): TransactionalSink {
  const producers = new Map<string, Promise<Producer>>()
  const inTime = <T>(what: string, work: () => Promise<T>) =>
    withDeadline(clock, sendLimitMs, what, work)
  const connect = async (name: string) => {
    const transactionalId = `${topic}-${name}`
    const options = { transactionalId, idempotent: true, maxInFlightRequests: 1 }
    const producer = kafkaClient(transactionalId, brokers).producer(options)
    await producer.connect()
    return producer
  }
  return {
    async begin(name) {
      const connecting = producers.get(name) ?? connect(name)
      producers.set(name, connecting)
      const run = await inTime('beginning a transaction', async () =>
        (await connecting).transaction(),
      )
      return {
        async send({ key, value, partition }) {
          const messages = [{ key, value, partition }]
          const sending = () => run.send({ topic, messages })
          const answers = await inTime('sending within a transaction', sending)
          return baseOffsets(answers).get(partition)!
        },
        abort: () => inTime('giving up a transaction', () => run.abort()),
        commit: () => inTime('committing a transaction', () => run.commit()),
      }
    },
    async close() {
      const closing = [...producers.values()].map(async (one) => (await one).disconnect())
      const closed = () => Promise.allSettled(closing)
      await withDeadline(clock, closeLimitMs, 'disconnecting producers', closed).catch(() => [])
    },
  }
}

function batchOf(topic: string, records: readonly Outgoing[]): ProducerBatch {
  const messages = records.map(({ key, value, partition }) => ({ key, value, partition }))
  return { acks: allReplicas, timeout: requestLimitMs, topicMessages: [{ topic, messages }] }
}

function baseOffsets(answers: readonly { partition: number; baseOffset?: string }[]): BaseOffsets {
  return new Map(
    answers.map(({ partition, baseOffset }) => {
      if (baseOffset === undefined) {
        throw new Error(`Kafka named no offset for partition ${partition}; is it older than 0.11?`)
      }
      return [partition, BigInt(baseOffset)]
    }),
  )
}

/** Answers that say that nothing was stored, if the request had one partition to speak of. */
const refusals = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD'])

function isRefusal(error: unknown, records: readonly Outgoing[]): boolean {
  const isOnePartition = records.every(({ partition }) => partition === records[0]?.partition)
  const { type } = error as { type?: unknown }
  return isOnePartition && typeof type === 'string' && refusals.has(type)
}

/**
 * Where the producer's records go: Kafka, and nothing else in this room knows it.
 *
 * A request is never repeated. A repeated one whose first answer got lost would write records that
 * no acknowledgement names, and the history would not know what is in the topic; what was not
 * acknowledged is told as such instead.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type ProducerBatch } from '../stack/kafka.ts'
import type { Outgoing } from './queue.ts'

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

export interface SinkOptions {
  readonly brokers: readonly string[]
  readonly topic: string
}

const connectLimitMs = 15_000
const requestLimitMs = 10_000
/** A whole send: one request, and finding out whom to send it to. */
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

/** Sends dead letters. Connects for the first one, and reconnects when needed. */
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { type DlqProducer, DeadLettersTooLarge } from '../dead-letters/dlq.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'

export interface KafkaDlqProducer extends DlqProducer {
  /** Never throws. */
  close(limitMs: number): Promise<void>
}

/** @param sendTimeoutMs how long the broker may wait for its replicas */
export function createDlqProducer(
  kafka: Kafka,
  clock: Clock,
  topic: string,
  sendTimeoutMs: number,
): KafkaDlqProducer {
  const producer: Producer = kafka.producer({
    allowAutoTopicCreation: true,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: { retries: 2 },
  })
  const disconnect = () => producer.disconnect()
  let connected: Promise<void> | undefined
  const connect = async () => {
    connected ??= producer.connect()
    await connected.catch((error: unknown) => {
      connected = undefined
      throw error
    })
  }
  return {
    async send(deadLetters) {
      await connect()
      try {
        await producer.send({ topic, timeout: sendTimeoutMs, messages: [...deadLetters] })
      } catch (error) {
        if (isTooLarge(error)) throw new DeadLettersTooLarge('larger than the topic accepts')
        throw error
      }
    },
    async close(limitMs) {
      if (connected === undefined) return
      const closing = withDeadline(clock, limitMs, 'closing the DLQ producer', disconnect)
      await closing.catch(() => undefined)
    },
  }
}

const tooLargeTypes: ReadonlySet<unknown> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const isTooLarge = (error: unknown): boolean =>
  error instanceof Error &&
  (tooLargeTypes.has((error as { type?: unknown }).type) || isTooLarge(error.cause))

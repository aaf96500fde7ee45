/** Sends dead letters. Connects when the first one comes, and again whenever it must. */
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import { type LetterBox, LettersTooLarge } from '../dead-letters/dlq.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'

export interface KafkaLetterBox extends LetterBox {
  /** Never throws. */
  close(limitMs: number): Promise<void>
}

/** @param sendTimeoutMs how long the broker may wait for its replicas */
export function createLetterBox(
  kafka: Kafka,
  clock: Clock,
  topic: string,
  sendTimeoutMs: number,
): KafkaLetterBox {
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
    async send(letters) {
      await connect()
      try {
        await producer.send({ topic, timeout: sendTimeoutMs, messages: [...letters] })
      } catch (error) {
        if (isTooLarge(error)) throw new LettersTooLarge('larger than the topic takes')
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

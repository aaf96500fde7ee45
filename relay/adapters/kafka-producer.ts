/** Sends dead letters. Connects when the first one comes, and again whenever it must. */
import kafkajs, { type Kafka, type Producer } from 'kafkajs'
import type { Letter, LetterBox } from '../dlq.ts'
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
    async send(letters: readonly Letter[]) {
      await connect()
      await producer.send({ topic, timeout: sendTimeoutMs, messages: [...letters] })
    },
    async close(limitMs) {
      if (connected === undefined) return
      const closing = withDeadline(clock, limitMs, 'closing the DLQ producer', disconnect)
      await closing.catch(() => undefined)
    },
  }
}

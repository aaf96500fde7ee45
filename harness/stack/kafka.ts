/**
 * The harness's door to kafkajs: clients on the direct listener, which no fault touches, without
 * patience of their own. What fails is told as such; what was tried again for a minute tells
 * nothing of the moment it was asked in.
 */
import { Kafka, logLevel } from 'kafkajs'

export { AssignerProtocol } from 'kafkajs'
export type { Admin, Consumer, GroupDescription } from 'kafkajs'

/**
 * A client. Connects to nothing yet; deadlines are for whoever asks it something.
 *
 * @param brokers addresses of the direct listener
 * @param clientId tells the broker's logs and the group's other members who this is
 */
export function directKafka(brokers: readonly string[], clientId: string): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 2_000,
    requestTimeout: 3_000,
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 200 },
    logLevel: logLevel.NOTHING,
  })
}

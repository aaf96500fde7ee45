/**
 * Kafka as the samplers reach it: on the listener that no fault touches, without retries of its
 * own. A sample that fails is told as such; one that was tried again for a minute tells nothing.
 */
import { Kafka, logLevel } from 'kafkajs'

/** What the samplers' connections call themselves, so that nobody takes them for the target. */
export const samplerClientId = 'chaos-sampler'

/** @param brokers addresses of the direct listener */
export function directKafka(brokers: readonly string[]): Kafka {
  return new Kafka({
    clientId: samplerClientId,
    brokers: [...brokers],
    connectionTimeout: 2_000,
    requestTimeout: 3_000,
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 200 },
    logLevel: logLevel.NOTHING,
  })
}

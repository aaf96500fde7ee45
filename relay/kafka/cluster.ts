/**
 * Finding the cluster, whose id is part of the namespace of cursors and replay buffer: nothing can
 * be read from Kafka before it has answered.
 */
import type { KafkaAdmin } from './kafka-admin.ts'
import { explain } from './kafka-errors.ts'
import { resumeNamespace } from './namespace.ts'
import { Backoff } from '../world/backoff.ts'
import { sleep, type Clock } from '../world/clock.ts'
import type { Settings } from '../tables/settings.ts'
import type { Logger } from '../adapters/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** The parts of the relay that finding the cluster needs. */
interface ClusterNeeds {
  readonly settings: Settings
  readonly world: { readonly clock: Clock; readonly logger: Logger }
  readonly metrics: Metrics
}

const askMs = 5_000
/** Time between two attempts. */
const retry = { firstMs: 1_000, mostMs: 5_000 } as const

/** Asks until the cluster answers, unless its id is configured. @throws when the signal aborts */
export async function findNamespace(
  wiring: ClusterNeeds,
  admin: KafkaAdmin,
  onFailed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<string> {
  const { kafkaBrokers, kafkaClusterId, kafkaGroupId, kafkaTopic, replayGroupId } = wiring.settings
  const clusterId = kafkaClusterId || (await askClusterId(wiring, admin, onFailed, signal))
  return resumeNamespace({
    clusterId,
    topic: kafkaTopic,
    group: replayGroupId || kafkaGroupId,
    brokers: kafkaBrokers,
  })
}

async function askClusterId(
  { metrics, settings, world }: ClusterNeeds,
  admin: KafkaAdmin,
  onFailed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<string> {
  const { clock, logger } = world
  const retries = metrics.startRetries.of({ operation: 'kafka_consumer_create' })
  const backoff = new Backoff(retry)
  for (let failures = 0; ; failures += 1) {
    try {
      const clusterId = await admin.clusterId(askMs)
      retries.observe(failures)
      return clusterId
    } catch (error) {
      onFailed(error)
      const explained = explain(error, settings.kafkaSecurityProtocol)
      logger.warn({ err: error, ...explained }, 'Kafka cannot be reached yet')
      await sleep(clock, backoff.failed(), signal)
    }
  }
}

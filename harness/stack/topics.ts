/**
 * Kafka administration for the harness: topics and their end offsets, every request with a
 * deadline. Always on the direct listener: faults must not disturb the measurement.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { Trouble } from '../world/trouble.ts'
import { kafkaClient, type Admin } from './kafka.ts'
import type { Address } from './ways.ts'

/** First retained and next offset of a partition, as decimal strings. */
export interface PartitionEnds {
  readonly partition: number
  readonly start: string
  readonly end: string
}

/** Kafka's own names, `retention.ms` and so on. */
export type TopicSettings = Readonly<Record<string, string>>

/** Every call throws Trouble `kafka-failed`, and settles in time. */
export interface Topics {
  /** Creates a topic and waits until its partitions have leaders. */
  create(topic: string, partitions: number, settings?: TopicSettings): Promise<void>
  /** Deletes topics. One that is not there is deleted already. */
  remove(topics: readonly string[]): Promise<void>
  /** Ends of all partitions, ascending. */
  ends(topic: string): Promise<readonly PartitionEnds[]>
  list(): Promise<readonly string[]>
  clusterId(): Promise<string>
  close(): Promise<void>
}

const requestLimitMs = 10_000
const closeLimitMs = 2_000
const unknownTopic = 'UNKNOWN_TOPIC_OR_PARTITION'
const comingUp: ReadonlySet<unknown> = new Set([unknownTopic, 'LEADER_NOT_AVAILABLE'])
const leaderPollMs = 50

/** Connects to the brokers (direct addresses). */
export async function openTopics(clock: Clock, brokers: readonly Address[]): Promise<Topics> {
  const admin = kafkaClient('topics', brokers).admin()
  const call = <T>(what: string, work: (signal: AbortSignal) => Promise<T>) =>
    guarded(clock, brokers, what, work)
  await call('connect', () => admin.connect())
  return {
    create: (topic, partitions, settings = {}) =>
      call(`create the topic ${topic}`, async (signal) => {
        await create(admin, topic, partitions, settings)
        while (!(await hasLeaders(admin, topic))) await sleep(clock, leaderPollMs, signal)
      }),
    remove: (topics) => call(`delete ${topics.join(', ')}`, () => remove(admin, topics)),
    ends: (topic) => call(`read the ends of ${topic}`, () => ends(admin, topic)),
    list: () => call('list topics', () => admin.listTopics()),
    clusterId: () => call('describe itself', async () => (await admin.describeCluster()).clusterId),
    close: () =>
      withDeadline(clock, closeLimitMs, 'closing', () => admin.disconnect()).catch(() => undefined),
  }
}

async function create(
  admin: Admin,
  topic: string,
  numPartitions: number,
  settings: TopicSettings,
): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }],
  })
}

/** A topic that was just created may be news to the broker that is asked. */
async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
  } catch (error) {
    if (comingUp.has((error as { type?: unknown }).type)) return false
    throw error
  }
}

async function remove(admin: Admin, topics: readonly string[]): Promise<void> {
  const there = new Set(await admin.listTopics())
  const doomed = topics.filter((topic) => there.has(topic))
  if (doomed.length === 0) return
  try {
    await admin.deleteTopics({ topics: doomed })
  } catch (error) {
    if ((error as { type?: string }).type !== unknownTopic) throw error
  }
}

async function ends(admin: Admin, topic: string): Promise<PartitionEnds[]> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets
    .map(({ partition, low, high }) => ({ partition, start: low, end: high }))
    .sort((a, b) => a.partition - b.partition)
}

async function guarded<T>(
  clock: Clock,
  brokers: readonly Address[],
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withDeadline(clock, requestLimitMs, `Kafka, asked to ${what},`, work)
  } catch (error) {
    throw new Trouble(
      'kafka-failed',
      `Kafka at ${brokers.join(', ')} was asked to ${what}: ${(error as Error).message}`,
      "read the broker's log in the run's folder; the run counts as unknown, not as failed",
      error,
    )
  }
}

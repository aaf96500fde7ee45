/** Requests to the cluster, each with a deadline: its id, and the log ends of a topic. */
import type { Admin, Kafka } from 'kafkajs'
import type { TopicMarks } from './starts.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'
import { topicIdOf } from './kafka-topic-id.ts'
import { patchQuestions } from './kafkajs-patches.ts'

export interface KafkaAdmin {
  clusterId(limitMs: number): Promise<string>
  /** The id of a topic, which a recreated one does not share; undefined if it has none. */
  topicId(topic: string, limitMs: number): Promise<string | undefined>
  /** The end of the log of each partition of a topic. */
  logEnds(topic: string, limitMs: number): Promise<ReadonlyMap<number, bigint>>
  /**
   * Start and end of its logs, and what a group has committed; bounded by the signal. Partitions
   * without a leader, or whose leader does not answer, are left out.
   *
   * @param wanted partitions that must exist
   */
  marks(
    topic: string,
    groupId: string,
    wanted: readonly number[],
    signal: AbortSignal,
  ): Promise<TopicMarks>
  /** Never throws. */
  close(limitMs: number): Promise<void>
}

/** Connects with the first request, and again after a failed one. */
export function createAdmin(kafka: Kafka, clock: Clock): KafkaAdmin {
  patchQuestions()
  let open: Promise<Admin> | undefined
  const connect = async () => {
    const admin = kafka.admin({ retry: { retries: 0 } })
    await admin.connect()
    return admin
  }
  /** Only this connection: another request may have reconnected meanwhile. */
  const forget = async (used: Promise<Admin> | undefined) => {
    if (open === used) open = undefined
    await used?.then((admin) => admin.disconnect()).catch(() => undefined)
  }
  const ask = async <T>(question: (admin: Admin) => Promise<T>): Promise<T> => {
    const used = (open ??= connect())
    try {
      return await question(await used)
    } catch (error) {
      void forget(used)
      throw error
    }
  }
  return {
    clusterId: (limitMs) =>
      withDeadline(clock, limitMs, 'asking for the cluster id', () =>
        ask(async (admin) => (await admin.describeCluster()).clusterId),
      ),
    topicId: (topic, limitMs) =>
      withDeadline(clock, limitMs, 'asking for the id of the topic', () =>
        ask((admin) => topicIdOf(admin, topic)),
      ),
    logEnds: (topic, limitMs) =>
      withDeadline(clock, limitMs, 'asking where the logs end', () =>
        ask(async (admin) => {
          const ends = await admin.fetchTopicOffsets(topic)
          return new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]))
        }),
      ),
    async marks(topic, groupId, wanted, signal) {
      const marks = await ask((admin) => askMarks(admin, topic, groupId, signal))
      // The library caches partitions and leaders for minutes.
      if (wanted.some((partition) => !marks.logs.has(partition))) void forget(open)
      return marks
    },
    async close(limitMs) {
      const closing = withDeadline(clock, limitMs, 'closing the admin client', () => forget(open))
      await closing.catch(() => undefined)
    },
  }
}

/** In parallel: each takes several round trips, and brokers may be far away. */
async function askMarks(
  admin: Admin,
  topic: string,
  groupId: string,
  signal: AbortSignal,
): Promise<TopicMarks> {
  const [commits, logs] = await Promise.all([
    askCommits(admin, topic, groupId),
    askLogs(admin, topic),
  ])
  const isOvertaken = Array.from(commits).some(([partition, offset]) => {
    const log = logs.get(partition)
    return log !== undefined && offset > log.logEnd
  })
  // The log may have grown between the two answers; read again, its end is beyond the commits.
  if (!isOvertaken || signal.aborted) return { commits, logs }
  return { commits, logs: await askLogs(admin, topic) }
}

async function askCommits(admin: Admin, topic: string, groupId: string) {
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = (group?.partitions ?? []).filter(({ offset }) => BigInt(offset) >= 0n)
  return new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]))
}

async function askLogs(admin: Admin, topic: string) {
  const ends = await admin.fetchTopicOffsets(topic)
  return new Map(
    ends.map(({ partition, low, high }) => {
      return [partition, { logStart: BigInt(low), logEnd: BigInt(high) }] as const
    }),
  )
}

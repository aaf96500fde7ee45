/** Questions to the cluster, each under a deadline: its id, and where the logs of a topic end. */
import type { Admin, Kafka } from 'kafkajs'
import type { Watermarks } from '../lag/monitor.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'
import { teachTopicIds, topicIdOf } from './kafka-topic-id.ts'

export interface KafkaAdmin {
  clusterId(limitMs: number): Promise<string>
  /** The id of a topic, as another one of its name will not have it; undefined if it has none. */
  topicId(topic: string, limitMs: number): Promise<string | undefined>
  /** Where the log of each partition of a topic ends. */
  logEnds(topic: string, limitMs: number): Promise<ReadonlyMap<number, bigint>>
  /** The same with what a group has committed; the deadline comes with the signal. */
  watermarks(
    topic: string,
    groupId: string,
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Watermarks>>
  /** Never throws. */
  close(limitMs: number): Promise<void>
}

/** Connects with the first question, and anew after a question that failed. */
export function createAdmin(kafka: Kafka, clock: Clock): KafkaAdmin {
  teachTopicIds()
  let open: Promise<Admin> | undefined
  const connect = async () => {
    const admin = kafka.admin({ retry: { retries: 0 } })
    await admin.connect()
    return admin
  }
  /** Only this one: another question may have connected anew meanwhile. */
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
    watermarks: (topic, groupId, partitions, signal) =>
      ask(async (admin) => {
        // Commits before log ends: the other way round a lag could come out negative.
        const [group] = await admin.fetchOffsets({ groupId, topics: [topic] })
        if (signal.aborted) return new Map()
        const ends = await admin.fetchTopicOffsets(topic)
        return watermarksOf(partitions, group?.partitions ?? [], ends)
      }),
    async close(limitMs) {
      const closing = withDeadline(clock, limitMs, 'closing the admin client', () => forget(open))
      await closing.catch(() => undefined)
    },
  }
}

function watermarksOf(
  partitions: readonly number[],
  commits: readonly { readonly partition: number; readonly offset: string }[],
  ends: readonly SeekEntryEnds[],
): Map<number, Watermarks> {
  const asked = new Set(partitions)
  const offsets = new Map(commits.map((one) => [one.partition, BigInt(one.offset)]))
  const marks = ends
    .filter(({ partition }) => asked.has(partition))
    .map(({ partition, low, high }) => {
      const offset = offsets.get(partition) ?? -1n
      const committed = offset < 0n ? undefined : offset
      return [partition, { logStart: BigInt(low), logEnd: BigInt(high), committed }] as const
    })
  return new Map(marks)
}

interface SeekEntryEnds {
  readonly partition: number
  readonly low: string
  readonly high: string
}

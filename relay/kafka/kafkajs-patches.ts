/**
 * Everything that uses internals of kafkajs 2.2.4: its private files, and the patches to them, once
 * per process. A new version may have moved what is patched here: kafkajs-patches.test.ts fails
 * then, and says what to check.
 *
 * What kafkajs, which is no longer maintained, costs us:
 * - After every response its request queue sets a timer for `throttledUntil - now`, and as nothing
 *   is throttled that is minus the current time: a warning on Node 24, and a useless timer each.
 * - Of the codecs that producers use it supports gzip only; it unpacks without a limit, ends the
 *   consumer at a batch that it cannot read, and delivers records of aborted transactions. So our
 *   own code reads the answers to fetches.
 * - It traverses the records of a batch four times, with each offset as a string and a Long; and a
 *   consumer that resolves offsets by itself does not learn of hidden records: its position never
 *   moves past them. So it gets one message for all records, which our consumer unwraps. All other
 *   consumers get messages as the library makes them.
 * - It fetches again when all batches of a fetch are done, one fetch at a time for each broker: so
 *   slow batches are detached (detached-batches.ts), and a resumed partition may wait for as long
 *   as a broker may hold a fetch.
 * - A partition without a leader, or a leader that does not answer, blocks its whole topic.
 * - At every assignment it asks for commits and log ends of all partitions, and one without an
 *   answer blocks all. For an offset that Kafka has deleted it commits "earliest" or "latest" to
 *   the group, which loses records that still exist, or counts as no commit after a crash.
 * - It supports no version of the metadata request that has the ids of topics.
 *
 * With another client all of this would go. If it hands over records as they are, bounded and
 * without aborted transactions (one on librdkafka does), so would our reading of fetches: this
 * file, fetch-answer.ts, kafka-topic-id.ts and most of relay/kafka/batches. The rules of
 * kafka-consumer.ts for positions and commits would stay, as would kafka-admin.ts,
 * kafka-dlq-producer.ts and kafka-client.ts, written against other calls; nothing outside of them
 * knows which client it is.
 */
import { createRequire } from 'node:module'
import type { ConsumerRunConfig, EachBatchPayload } from 'kafkajs'
import type { Fetched, FetchedRecord } from './batches/fetched.ts'
import { openTransactions } from './batches/transactions.ts'
import {
  type AskedTopic,
  type FetchAnswer,
  fetchVersions,
  type HandedOver,
  type ReadingRules,
  readFetchAnswer,
} from './fetch-answer.ts'
import {
  decodeAnswer,
  type Decoder,
  encodeQuestion,
  type Encoder,
  type TopicsQuestion,
} from './kafka-topic-id.ts'

/** The version that all of this was written for. */
export const patchedVersion = '2.2.4'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}
interface FetchRequest {
  readonly topics: readonly AskedTopic[]
}
interface FetchProtocol {
  readonly response: { readonly decode: (answer: Buffer) => Promise<FetchAnswer> }
}
interface FetchDefinition {
  protocol(choice: { readonly version: number }): (request: FetchRequest) => FetchProtocol
}
/** A batch of the library, as far as it is used here: its input, and what its users get. */
interface TakenBatch {
  readonly rawMessages: readonly HandedOver[]
  messagesWithinOffset: readonly unknown[]
  messages: readonly unknown[]
}
type EachBatch = NonNullable<ConsumerRunConfig['eachBatch']>
interface Runner {
  readonly eachBatch: EachBatch | undefined
  handleBatch: (this: Runner, batch: TakenBatch) => Promise<void>
}
interface PartitionState {
  readonly partitionErrorCode: number
}
interface TopicState {
  readonly partitionMetadata: readonly PartitionState[]
}
interface MetadataAnswer {
  readonly topicMetadata: readonly TopicState[]
}
interface Exchange {
  readonly request: unknown
  readonly response: { parse(answer: MetadataAnswer): Promise<MetadataAnswer> }
}
interface MetadataDefinition {
  readonly versions: string[]
  protocol(choice: { readonly version: number }): (question: TopicsQuestion) => Exchange
}
interface Wanted {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number }[]
}
interface Found {
  readonly topic: string
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
}
interface Cluster {
  fetchTopicsOffset: (this: Cluster, wanted: readonly Wanted[]) => Promise<Found[]>
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  refreshMetadata(): Promise<void>
}
interface TopicPartition {
  readonly topic: string
  readonly partition: number
}
interface Offsets {
  readonly cluster: Cluster
  readonly memberAssignment: Readonly<Record<string, readonly number[]>>
  committedOffsets(): Record<string, Record<number, string>>
  resolveOffset(resolved: TopicPartition & { readonly offset: string }): void
  resolveOffsets(): Promise<void>
  setDefaultOffset(lost: TopicPartition): Promise<void>
}

const require = createRequire(import.meta.url)
const load = (path: string): unknown => require(`kafkajs/src/${path}.js`)
interface Class<T> {
  readonly prototype: T
}

/** The private files that are used. */
export const inside = {
  requestQueue: () => load('network/requestQueue/index') as Class<RequestQueue>,
  fetch: () => load('protocol/requests/fetch/index') as FetchDefinition,
  runner: () => load('consumer/runner') as Class<Runner>,
  metadata: () => load('protocol/requests/metadata/index') as MetadataDefinition,
  newestMetadata: () => load('protocol/requests/metadata/v6/response') as Exchange['response'],
  cluster: () => load('cluster/index') as Class<Cluster>,
  offsets: () => load('consumer/offsetManager/index') as Class<Offsets>,
  encoder: () => load('protocol/encoder') as new () => Encoder,
  decoder: () => load('protocol/decoder') as new (from: Buffer) => Decoder,
} as const

const done = new Set<() => void>()
/** Applies a patch only once. */
function once(patch: () => void): void {
  if (done.has(patch)) return
  done.add(patch)
  patch()
}

let rules: ReadingRules = {
  unpackedBytesMax: 32 * 1_024 * 1_024,
  heldBytes: () => 0,
  transactions: openTransactions,
}

/** Idempotent. @param changed rules of reading from now on, for all clients of the process */
export function patchKafkajs(changed: Partial<ReadingRules> = {}): void {
  rules = { ...rules, ...changed }
  for (const patch of [patchRequestQueue, patchFetches, patchRunner]) once(patch)
}

/**
 * Lets all clients of the process tolerate partitions without a leader, and read the ids of topics.
 * Idempotent.
 */
export function patchQuestions(): void {
  for (const patch of [teachTopicIds, patchMetadata, patchOffsets]) once(patch)
}

/** Lets all consumers of the process begin only at the offsets that they are given. Idempotent. */
export function useGivenOffsets(): void {
  once(patchStarts)
}

function patchRequestQueue(): void {
  const { prototype } = inside.requestQueue()
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleIfNeeded() {
    if (this.pending.length > 0) schedule.call(this)
  }
}

function patchFetches(): void {
  const definition = inside.fetch()
  const theirs = definition.protocol.bind(definition)
  definition.protocol = ({ version }) => {
    const protocol = theirs({ version })
    if (version < fetchVersions.first || version > fetchVersions.last) return protocol
    return (request) => {
      const { response, ...rest } = protocol(request)
      const decode = (answer: Buffer) =>
        readFetchAnswer(answer, version, request.topics, rules)
      return { ...rest, response: { ...response, decode } }
    }
  }
}

/** Consumers that accept our own records. */
const direct = new WeakSet<EachBatch>()

/** The `eachBatch` of a consumer for our own records: one call per partition of a fetch. */
export function eachFetched(
  take: (fetched: Fetched, payload: EachBatchPayload) => Promise<void>,
): EachBatch {
  const eachBatch: EachBatch = (payload) => {
    const [handedOver] = payload.batch.messages as unknown as readonly [HandedOver]
    return take(handedOver.fetched, payload)
  }
  direct.add(eachBatch)
  return eachBatch
}

function patchRunner(): void {
  const { prototype } = inside.runner()
  const theirs = prototype.handleBatch
  prototype.handleBatch = function handleUnpacked(batch) {
    const isDirect = this.eachBatch !== undefined && direct.has(this.eachBatch)
    if (!isDirect) unpackFor(batch)
    return theirs.call(this, batch)
  }
}

/** The message with all records stays last: the library continues after its offset. */
function unpackFor(batch: TakenBatch): void {
  const [handedOver] = batch.rawMessages
  if (handedOver === undefined) return
  batch.messages = handedOver.fetched.records.map(messageOf)
  batch.messagesWithinOffset = [...batch.messages, handedOver]
}

const messageOf = ({ key, offset, timestampMs, unreadable, value }: FetchedRecord) => ({
  key,
  value,
  offset: String(unreadable?.lastOffset ?? offset),
  timestamp: String(timestampMs),
  attributes: 0,
  headers: {},
})

/** Its newest version of the metadata request, and the one that has the ids of topics. */
const theirNewest = 6
const withIds = 10
const metadataKey = 3

/** Brokers that do not know the version with ids are asked as before, and give no id. */
function teachTopicIds(): void {
  const definition = inside.metadata()
  const theirs = definition.protocol.bind(definition)
  const newest = inside.newestMetadata()
  definition.versions.push(String(withIds))
  definition.protocol = ({ version }) => {
    if (version < withIds) return theirs({ version: Math.min(version, theirNewest) })
    return (question) => ({
      request: {
        apiKey: metadataKey,
        apiVersion: withIds,
        apiName: 'Metadata',
        encode: async () => encodeQuestion(question, new (inside.encoder())()),
      },
      response: { ...newest, decode: async (answer: Buffer) => decodeAnswer(decoder(answer)) },
    })
  }
}

const decoder = (answer: Buffer) => new (inside.decoder())(answer)

/** Leader or replica not available: a state of one partition, and no failure of the answer. */
const leaderless: ReadonlySet<number> = new Set([5, 9])

/** A partition without a leader has the leader -1, to which no request is sent. */
function patchMetadata(): void {
  const definition = inside.metadata()
  const theirs = definition.protocol.bind(definition)
  definition.protocol = (choice) => (question) => {
    const { request, response } = theirs(choice)(question)
    const parse = async (answer: MetadataAnswer) => {
      const topicMetadata = answer.topicMetadata.map(withoutLeaderless)
      await response.parse({ ...answer, topicMetadata })
      return answer
    }
    return { request, response: { ...response, parse } }
  }
}

const withoutLeaderless = (topic: TopicState): TopicState => ({
  ...topic,
  partitionMetadata: topic.partitionMetadata.filter(({ partitionErrorCode }) => {
    return !leaderless.has(partitionErrorCode)
  }),
})

/** Each leader is asked separately; partitions of one that does not answer are left out. */
function patchOffsets(): void {
  const { prototype } = inside.cluster()
  const theirs = prototype.fetchTopicsOffset
  prototype.fetchTopicsOffset = async function askEachLeader(wanted) {
    const questions = wanted.flatMap((one) => byLeader(this, one))
    const asked = questions.map((one) => theirs.call(this, [one]))
    const settled = await Promise.allSettled(asked)
    const failed = settled.filter((one) => one.status === 'rejected')
    if (failed.length > 0 && failed.length === settled.length) throw failed[0]!.reason
    // A broker that is no longer the leader must not be asked again.
    if (failed.length > 0) void this.refreshMetadata().catch(() => undefined)
    const found = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    return wanted.map(({ topic }) => {
      const ofTopic = found.filter((one) => one.topic === topic)
      return { topic, partitions: ofTopic.flatMap(({ partitions }) => partitions) }
    })
  }
}

function byLeader(cluster: Cluster, wanted: Wanted): Wanted[] {
  const { topic, partitions } = wanted
  const numbers = partitions.map(({ partition }) => partition)
  return Object.entries(cluster.findLeaderForPartitions(topic, numbers))
    .filter(([leader]) => Number(leader) >= 0)
    .map(([, led]) => ({ ...wanted, partitions: led.map((partition) => ({ partition })) }))
}

/** Any valid offset: the consumer was given the right one before. */
const anyOffset = '0'

function patchStarts(): void {
  const { prototype } = inside.offsets()
  prototype.resolveOffsets = async function takeNoneForGiven() {
    const committed = this.committedOffsets()
    for (const [topic, partitions] of Object.entries(this.memberAssignment)) {
      const known = (committed[topic] ??= {})
      for (const partition of partitions) known[partition] ??= anyOffset
    }
  }
  prototype.setDefaultOffset = async function goOnWithTheOldest({ topic, partition }) {
    const wanted = { topic, partitions: [{ partition }], fromBeginning: true }
    const [found] = await this.cluster.fetchTopicsOffset([wanted])
    const oldest = found?.partitions[0]?.offset
    if (oldest === undefined) return
    this.resolveOffset({ topic, partition, offset: String(BigInt(oldest) - 1n) })
  }
}

/**
 * The id of a topic, which distinguishes it from a recreated one of the same name. kafkajs supports
 * no version of the metadata request that has it, so the first one that does is added, in its own
 * codec. Brokers that do not know that version are asked as before, and give no id.
 */
import type { Admin, PartitionMetadata } from 'kafkajs'

export interface Encoder {
  writeUVarInt(value: number): Encoder
  writeUVarIntString(value: string): Encoder
  writeBuffer(value: Buffer): Encoder
  writeBoolean(value: boolean): Encoder
}
export interface Decoder {
  readInt16(): number
  readInt32(): number
  readBoolean(): boolean
  readBytes(count: number): Buffer
  readUVarIntString(): string | null
  readUVarIntArray<T>(read: (from: Decoder) => T): T[] | null
  readTaggedFields(): void
}
/** The requested topics; all of them where none is named. */
export interface TopicsQuestion {
  readonly topics: readonly string[]
  readonly allowAutoTopicCreation?: boolean
}

const idBytes = 16
const noId = Buffer.alloc(idBytes)

/** As Kafka prints it; undefined if the broker has none. @throws errors of the client */
export async function topicIdOf(admin: Admin, topic: string): Promise<string | undefined> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const [partition] = topics.find(({ name }) => name === topic)?.partitions ?? []
  return (partition as Partial<PartitionWithId> | undefined)?.topicId
}

/** The library passes on partitions unchanged, and nothing else of a topic. */
type PartitionWithId = PartitionMetadata & { readonly topicId: string | undefined }

/** Every list and every message ends with tagged fields, of which there are none. */
export function encodeQuestion(
  { topics, allowAutoTopicCreation = true }: TopicsQuestion,
  empty: Encoder,
): Encoder {
  const body = empty.writeUVarInt(0)
  // A null list requests all topics.
  body.writeUVarInt(topics.length === 0 ? 0 : topics.length + 1)
  for (const topic of topics) body.writeBuffer(noId).writeUVarIntString(topic).writeUVarInt(0)
  const withOperations = false
  body.writeBoolean(allowAutoTopicCreation)
  return body.writeBoolean(withOperations).writeBoolean(withOperations).writeUVarInt(0)
}

/** The same structure as the library makes of the versions that it knows. */
export function decodeAnswer(from: Decoder) {
  from.readTaggedFields()
  const throttledMs = from.readInt32()
  return {
    throttleTime: 0,
    clientSideThrottleTime: throttledMs,
    brokers: listOf(from, readBroker),
    clusterId: from.readUVarIntString(),
    controllerId: from.readInt32(),
    topicMetadata: listOf(from, readTopic),
  }
}

function readBroker(from: Decoder) {
  const nodeId = from.readInt32()
  const host = from.readUVarIntString()
  const port = from.readInt32()
  const rack = from.readUVarIntString()
  from.readTaggedFields()
  return { nodeId, host, port, rack }
}

function readTopic(from: Decoder) {
  const topicErrorCode = from.readInt16()
  const topic = from.readUVarIntString()
  const id = from.readBytes(idBytes)
  const isInternal = from.readBoolean()
  const topicId = id.equals(noId) ? undefined : id.toString('base64url')
  const partitionMetadata = listOf(from, (one) => ({ ...readPartition(one), topicId }))
  skipInt32(from)
  from.readTaggedFields()
  return { topicErrorCode, topic, isInternal, partitionMetadata }
}

function readPartition(from: Decoder) {
  const partitionErrorCode = from.readInt16()
  const partitionId = from.readInt32()
  const leader = from.readInt32()
  skipInt32(from)
  const replicas = listOf(from, (one) => one.readInt32())
  const isr = listOf(from, (one) => one.readInt32())
  const offlineReplicas = listOf(from, (one) => one.readInt32())
  from.readTaggedFields()
  return { partitionErrorCode, partitionId, leader, replicas, isr, offlineReplicas }
}

/** An epoch, or the allowed operations. */
const skipInt32 = (from: Decoder): void => void from.readInt32()

const listOf = <T>(from: Decoder, read: (from: Decoder) => T): T[] =>
  from.readUVarIntArray(read) ?? []

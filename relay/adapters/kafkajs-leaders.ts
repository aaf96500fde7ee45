/**
 * Partitions without a leader, and leaders that do not answer, for kafkajs: it gives up a whole
 * topic for one of them, so that nothing at all could be read, or be known, of the others.
 */
import { createRequire } from 'node:module'
import { teachTopicIds } from './kafka-topic-id.ts'

interface Partition {
  readonly partitionErrorCode: number
}
interface Topic {
  readonly partitionMetadata: readonly Partition[]
}
interface Metadata {
  readonly topicMetadata: readonly Topic[]
}
interface Exchange {
  readonly request: unknown
  readonly response: { parse(answer: Metadata): Promise<Metadata> }
}
interface Definition {
  protocol(choice: { readonly version: number }): (question: unknown) => Exchange
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

const require = createRequire(import.meta.url)
/** Leader or replica not available: a state of one partition, and no failure of the answer. */
const leaderless: ReadonlySet<number> = new Set([5, 9])
let isMended = false

/** For all clients of the process. Idempotent. */
export function bearLeaderless(): void {
  if (isMended) return
  isMended = true
  teachTopicIds()
  mendMetadata()
  mendOffsets()
}

/** A partition without a leader has the leader -1, whom nobody is asked for. */
function mendMetadata(): void {
  const path = 'kafkajs/src/protocol/requests/metadata/index.js'
  const definition = require(path) as Definition
  const theirs = definition.protocol.bind(definition)
  definition.protocol = (choice) => (question) => {
    const { request, response } = theirs(choice)(question)
    const parse = async (answer: Metadata) => {
      const topicMetadata = answer.topicMetadata.map(withoutLeaderless)
      await response.parse({ ...answer, topicMetadata })
      return answer
    }
    return { request, response: { ...response, parse } }
  }
}

const withoutLeaderless = (topic: Topic): Topic => ({
  ...topic,
  partitionMetadata: topic.partitionMetadata.filter(({ partitionErrorCode }) => {
    return !leaderless.has(partitionErrorCode)
  }),
})

/** Each leader is asked by itself; what one of them does not answer is left out. */
function mendOffsets(): void {
  const { prototype } = require('kafkajs/src/cluster/index.js') as { readonly prototype: Cluster }
  const theirs = prototype.fetchTopicsOffset
  prototype.fetchTopicsOffset = async function askEachLeader(wanted) {
    const questions = wanted.flatMap((one) => byLeader(this, one))
    const asked = questions.map((one) => theirs.call(this, [one]))
    const settled = await Promise.allSettled(asked)
    const failed = settled.filter((one) => one.status === 'rejected')
    if (failed.length > 0 && failed.length === settled.length) throw failed[0]!.reason
    // Who does not lead any more is not to be asked again.
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

/**
 * Where kafkajs begins to read: where it is told to, and nowhere else. By itself it asks at every
 * assignment for commits and log ends of all partitions, and one that nobody can tell of stops all;
 * and for an offset that Kafka has given up it commits "earliest" or "latest" to the group, which
 * loses what is still there, or is taken for no commit at all after a crash.
 */
import { createRequire } from 'node:module'

interface TopicPartition {
  readonly topic: string
  readonly partition: number
}
interface Offsets {
  readonly cluster: {
    fetchTopicsOffset(
      wanted: readonly object[],
    ): Promise<{ readonly partitions: readonly { readonly offset: string }[] }[]>
  }
  readonly memberAssignment: Readonly<Record<string, readonly number[]>>
  committedOffsets(): Record<string, Record<number, string>>
  resolveOffset(resolved: TopicPartition & { readonly offset: string }): void
  resolveOffsets(): Promise<void>
  setDefaultOffset(lost: TopicPartition): Promise<void>
}

const require = createRequire(import.meta.url)
/** Anything that is an offset: whoever reads has been told a better one before. */
const anyOffset = '0'
let isMended = false

/** For all consumers of the process, which must be told where to begin. Idempotent. */
export function beginWhereTold(): void {
  if (isMended) return
  isMended = true
  const path = 'kafkajs/src/consumer/offsetManager/index.js'
  const { prototype } = require(path) as { readonly prototype: Offsets }
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

/** Kafka's own range strategy, which librdkafka prefers and kafkajs lacks. */
import { AssignerProtocol, type PartitionAssigner } from 'kafkajs'

/** Each topic's partitions in order, cut into as many even pieces as there are members. */
export const rangeAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'range',
  version: 1,
  protocol: ({ topics }) => ({
    name: 'range',
    metadata: AssignerProtocol.MemberMetadata.encode({
      version: 1,
      topics,
      userData: Buffer.alloc(0),
    }),
  }),
  async assign({ members, topics }) {
    const ids = members.map(({ memberId }) => memberId).sort()
    return ids.map((memberId, index) => {
      const own = topics.map((topic) => {
        const all = cluster.findTopicPartitionMetadata(topic).map((one) => one.partitionId)
        all.sort((x, y) => x - y)
        const cut = (piece: number) => Math.ceil((all.length * piece) / ids.length)
        return [topic, all.slice(cut(index), cut(index + 1))] as const
      })
      const told = { version: 1, assignment: Object.fromEntries(own), userData: Buffer.alloc(0) }
      return { memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode(told) }
    })
  },
})

/**
 * Partition assignment for a rival that joins the relay's group: it offers the protocol that the
 * group uses, by name, and assigns by that protocol's rules if the broker makes it leader.
 *
 * A rival reads nothing and so owns nothing to give back. Under a cooperative protocol, partitions
 * of other members are assigned only after those gave them up.
 */
import { AssignerProtocol, type PartitionAssigner } from '../stack/kafka.ts'

type Partitions = Readonly<Record<string, readonly number[]>>

/** A member of the group as its own subscription tells. */
export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
  /** What it holds and has not given up; only cooperative protocols tell it. */
  readonly owned: Partitions
}

/** Who gets what; every member has an entry. */
export type Assign = (
  members: readonly Subscriber[],
  partitionsOf: (topic: string) => readonly number[],
) => ReadonlyMap<string, Partitions>

/** For each topic, neighbours to the same member; the first ones get one more. */
export const range: Assign = (members, partitionsOf) =>
  byTopic(members, partitionsOf, (subscribed, partitions) => {
    const shares = sharesOf(subscribed.length, partitions.length)
    let at = 0
    return subscribed.map((_, i) => partitions.slice(at, (at += shares[i] ?? 0)))
  })

/** One after the other, over all topics. */
export const roundRobin: Assign = (members, partitionsOf) => {
  let turn = 0
  return byTopic(members, partitionsOf, (subscribed, partitions) => {
    const dealt: number[][] = subscribed.map(() => [])
    for (const partition of partitions) dealt[turn++ % subscribed.length]?.push(partition)
    return dealt
  })
}

/** Everyone keeps what it has, up to its share; what must move comes free in the next round. */
export const cooperativeSticky: Assign = (members, partitionsOf) =>
  byTopic(members, partitionsOf, (subscribed, partitions, topic) => {
    const ownedBy = (one: Subscriber) =>
      partitions.filter((partition) => one.owned[topic]?.includes(partition) === true)
    // The larger shares go to those that hold most: that moves least.
    const order = subscribed.toSorted((a, b) => ownedBy(b).length - ownedBy(a).length)
    const shares = sharesOf(order.length, partitions.length)
    const taken = new Set<number>()
    const kept = new Map(
      order.map((one, i) => {
        const mine = ownedBy(one).filter((partition) => !taken.has(partition))
        const keeps = mine.slice(0, shares[i])
        for (const partition of keeps) taken.add(partition)
        return [one, keeps]
      }),
    )
    const claimed = new Set(subscribed.flatMap(ownedBy))
    const free = partitions.filter((partition) => !claimed.has(partition))
    for (const [i, one] of order.entries()) {
      const mine = kept.get(one) ?? []
      mine.push(...free.splice(0, Math.max(0, (shares[i] ?? 0) - mine.length)))
    }
    return subscribed.map((one) => kept.get(one) ?? [])
  })

/** By the names under which groups know them; kafkajs has one of its own. */
const assigns: Readonly<Record<string, Assign>> = {
  range,
  roundrobin: roundRobin,
  'cooperative-sticky': cooperativeSticky,
}

/** A rival's assigner for a group that uses the protocol `name`, known or unknown. */
export function rivalAssigner(name: string): PartitionAssigner {
  const assign = assigns[name] ?? roundRobin
  const isCooperative = name.startsWith('cooperative')
  return ({ cluster }) => ({
    name,
    version: isCooperative ? 1 : 0,
    protocol: ({ topics }) => ({ name, metadata: subscription(topics, isCooperative) }),
    async assign({ members }) {
      const subscribers = members.map(({ memberId, memberMetadata }) => ({
        memberId,
        ...readSubscription(memberMetadata),
      }))
      const topics = [...new Set(subscribers.flatMap((one) => one.topics))]
      await cluster.addMultipleTargetTopics(topics)
      const assignment = assign(subscribers, (topic) =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
      )
      return [...assignment].map(([memberId, given]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment: given as Record<string, number[]>,
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })
}

function byTopic(
  members: readonly Subscriber[],
  partitionsOf: (topic: string) => readonly number[],
  deal: (
    subscribed: readonly Subscriber[],
    partitions: readonly number[],
    topic: string,
  ) => readonly (readonly number[])[],
): ReadonlyMap<string, Partitions> {
  const sorted = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const given = new Map<string, Record<string, number[]>>(
    sorted.map(({ memberId }) => [memberId, {}]),
  )
  for (const topic of [...new Set(members.flatMap(({ topics }) => topics))].sort()) {
    const subscribed = sorted.filter(({ topics }) => topics.includes(topic))
    const partitions = [...partitionsOf(topic)].sort((a, b) => a - b)
    for (const [i, dealt] of deal(subscribed, partitions, topic).entries()) {
      const own = given.get(subscribed[i]?.memberId ?? '')
      if (own !== undefined && dealt.length > 0) own[topic] = [...dealt].sort((a, b) => a - b)
    }
  }
  return given
}

/** As many for each as there are, the remainder to the first. */
const sharesOf = (members: number, partitions: number): number[] =>
  Array.from({ length: members }, (_, i) => {
    return Math.floor(partitions / members) + (i < partitions % members ? 1 : 0)
  })

/** A subscription; from version 1 on it says what its member owns: nothing. */
function subscription(topics: readonly string[], isCooperative: boolean): Buffer {
  const base = AssignerProtocol.MemberMetadata.encode({
    version: isCooperative ? 1 : 0,
    topics: [...topics],
    userData: Buffer.alloc(0),
  })
  return isCooperative ? Buffer.concat([base, Buffer.alloc(4)]) : base
}

/** Reads what a member of any client library says of itself. */
export function readSubscription(bytes: Buffer): Pick<Subscriber, 'topics' | 'owned'> {
  let at = 0
  const int16 = () => bytes.readInt16BE((at += 2) - 2)
  const int32 = () => bytes.readInt32BE((at += 4) - 4)
  const text = () => {
    const length = int16()
    return bytes.toString('utf8', at, (at += Math.max(length, 0)))
  }
  const array = <T>(read: () => T) => Array.from({ length: Math.max(int32(), 0) }, read)
  const version = int16()
  const topics = array(text)
  const userBytes = int32()
  at += Math.max(userBytes, 0)
  if (version < 1 || at >= bytes.length) return { topics, owned: {} }
  const owned = array(() => [text(), array(int32)] as const)
  return { topics, owned: Object.fromEntries(owned) }
}

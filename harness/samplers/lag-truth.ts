/**
 * The harness's own truth on lag, asked of the broker itself: where each partition begins and
 * ends, what the target's group has committed, and which partitions the target holds now.
 *
 * Committed offsets are read before the ends: the other way round a busy partition would be ahead
 * of its own end, and lag would be negative.
 */
import type { EventOf } from '../history/event.ts'
import { samplingMs } from '../history/tolerances.ts'
import {
  AssignerProtocol,
  kafkaClient,
  type Admin,
  type GroupDescription,
} from '../stack/kafka.ts'
import { startSampling, type Sampler, type SamplerWorld } from './sampler.ts'

export interface LagTruthOptions {
  /** Addresses of the direct listener. */
  readonly brokers: readonly string[]
  readonly topic: string
  readonly groupId: string
  /** Whether a member of the group is the target, and not a rival of ours. */
  readonly isTarget: (member: { readonly clientId: string; readonly memberId: string }) => boolean
  readonly everyMs?: number
}

/** A consumer group as its broker describes it. */
export interface GroupFacts {
  readonly state: string
  /** What its members are: `consumer` for those that read topics. */
  readonly protocolType: string
  /** How its members share partitions, such as `range`; empty while unknown. */
  readonly protocol: string
  /** Members that are not the target, by client id. */
  readonly others: readonly string[]
}

export interface LagTruthSampler extends Sampler {
  /** Asks now how the group is; undefined without an answer. */
  group(): Promise<GroupFacts | undefined>
  /**
   * Asks now which partitions the target holds, ascending; undefined while the group is between
   * two assignments, or there is no answer.
   */
  owned(): Promise<readonly number[] | undefined>
  /** Records that the group had not committed when the broker was asked last. */
  behind(): number
  /** What was committed then, by partition. */
  committed(): ReadonlyMap<number, string>
}

type Truth = EventOf<'lagtruth'>[4]

/**
 * State of a group whose members speak Kafka's new protocol, in which the broker assigns. The
 * library cannot ask who holds what there.
 */
export const newProtocolState = 'in the new consumer protocol (KIP-848), which reports no holders'

const limitMs = 5_000

export function startLagTruthSampler(
  world: SamplerWorld,
  options: LagTruthOptions,
): LagTruthSampler {
  const { clock, journal } = world
  const { topic, groupId, everyMs = samplingMs.lagTruth } = options
  const admin = kafkaClient('lag-truth', options.brokers).admin()
  let connecting: Promise<void> | undefined
  let behind = 0
  let known: ReadonlyMap<number, string> = new Map()
  const connected = async () => {
    connecting ??= admin.connect()
    await connecting.catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    return admin
  }
  const sampler = startSampling(world, {
    name: 'lag-truth',
    everyMs,
    limitMs,
    async sample() {
      const kafka = await connected()
      const t = journal.now()
      const startedMs = clock.nowMs()
      const group = await describe(kafka, groupId)
      const committed = await committedOf(kafka, groupId, topic)
      const ends = await kafka.fetchTopicOffsets(topic)
      const owned = new Set(ownedBy(group, topic, options.isTarget))
      const truth: Record<string, Truth[string]> = {}
      let missing = 0n
      for (const { partition, low, high } of ends) {
        const next = committed.get(partition) ?? '-1'
        truth[partition] = [low, high, next, owned.has(partition)]
        missing += BigInt(high) - BigInt(next === '-1' ? low : next)
      }
      behind = Number(missing)
      known = committed
      const tookMicros = Math.round((clock.nowMs() - startedMs) * 1_000)
      journal.write(['lagtruth', t, tookMicros, group.state, truth])
    },
    close: () => admin.disconnect(),
  })
  const asked = () =>
    connected()
      .then((kafka) => describe(kafka, groupId))
      .catch(() => undefined)
  return {
    ...sampler,
    async group() {
      const group = await asked()
      if (group === undefined) return undefined
      const { state, protocolType, protocol, members } = group
      const others = members.filter((one) => !options.isTarget(one)).map((one) => one.clientId)
      return { state, protocolType, protocol, others }
    },
    behind: () => behind,
    committed: () => known,
    async owned() {
      const group = await asked()
      return group?.state === 'Stable' ? ownedBy(group, topic, options.isTarget) : undefined
    },
  }
}

type Description = Omit<GroupDescription, 'state'> & { readonly state: string }

async function describe(admin: Admin, groupId: string): Promise<Description> {
  const { groups } = await admin.describeGroups([groupId])
  const [group] = groups
  if (group === undefined) throw new Error(`the broker did not describe the group ${groupId}`)
  if (group.state !== 'Dead') return group
  // A group of the new protocol is none to this request, and is listed all the same.
  const listed = (await admin.listGroups()).groups.find((one) => one.groupId === groupId)
  return listed?.protocolType === 'consumer' ? { ...group, state: newProtocolState } : group
}

/** Committed offsets by partition; none where there is none. */
async function committedOf(
  admin: Admin,
  groupId: string,
  topic: string,
): Promise<ReadonlyMap<number, string>> {
  const topics = await admin.fetchOffsets({ groupId, topics: [topic] })
  return new Map(
    topics.flatMap(({ partitions }) =>
      partitions.map(({ partition, offset }) => [partition, offset] as const),
    ),
  )
}

/** Partitions of `topic` that the members which are the target hold, ascending. */
export function ownedBy(
  group: Pick<GroupDescription, 'members'>,
  topic: string,
  isTarget: LagTruthOptions['isTarget'],
): readonly number[] {
  return group.members
    .filter((member) => isTarget(member) && member.memberAssignment.length > 0)
    .flatMap(({ memberAssignment }) => {
      const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment)
      return decoded?.assignment[topic] ?? []
    })
    .sort((a, b) => a - b)
}

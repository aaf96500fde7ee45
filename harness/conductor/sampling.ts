/** Everything that watches a run from outside: started together, stopped together. */
import { withDeadline } from '../../relay/world/deadline.ts'
import { rivalClientId } from '../faults/rebalance.ts'
import type { Journal } from '../history/journal.ts'
import { startDeadLetterSampler } from '../samplers/dead-letters.ts'
import { startHealthSampler } from '../samplers/health.ts'
import { startLagTruthSampler, type GroupFacts } from '../samplers/lag-truth.ts'
import { startMemorySampler } from '../samplers/memory.ts'
import { startMetricsSampler } from '../samplers/metrics.ts'
import { startPageSampler } from '../samplers/pages.ts'
import { startReadinessSampler } from '../samplers/readiness.ts'
import type { Stack } from '../stack/stack.ts'
import type { RunningTarget } from '../targets/target.ts'
import type { World } from '../world/world.ts'

export interface Watched {
  readonly journal: Journal
  readonly stack: Stack
  readonly target: RunningTarget
  readonly names: { readonly topic: string; readonly dlqTopic: string; readonly groupId: string }
  readonly producer: { readonly pid: number }
  readonly fleet: { readonly pid: number }
}

export interface Samplers {
  /** `/version` of the target, read at the start; empty where it has none. */
  version(): Readonly<Record<string, unknown>>
  /** The current state of the target's group; undefined without an answer. */
  groupFacts(): Promise<GroupFacts | undefined>
  /** Partitions that the target's member of the group holds now. */
  ownedByTarget(): Promise<readonly number[] | undefined>
  /** Records that the target's group had not committed when the broker was asked last. */
  behind(): number
  /** What it had committed then, by partition. */
  committed(): ReadonlyMap<number, string>
  /** Stops all of them after one last sample; idempotent. */
  stop(): Promise<void>
}

/** A coordinator that takes longer to describe the group is between two assignments. */
const ownedLimitMs = 6_000

export async function startSamplers(world: World, watched: Watched): Promise<Samplers> {
  const { journal, stack, target, names } = watched
  const at = { clock: world.clock, journal }
  const { address } = target
  const pages = startPageSampler(at, { address })
  const lagTruth = startLagTruthSampler(at, {
    brokers: stack.kafkaDirect,
    topic: names.topic,
    groupId: names.groupId,
    isTarget: ({ clientId }) => !clientId.startsWith(rivalClientId),
  })
  const samplers = [
    pages,
    lagTruth,
    startHealthSampler(at, { address }),
    startReadinessSampler(at, { address }),
    startMetricsSampler(at, { address }),
    startMemorySampler(at, { pids: () => pidsOf(watched), waitsOf: 'relay' }),
    startDeadLetterSampler(at, {
      brokers: stack.kafkaDirect,
      topic: names.dlqTopic,
      groupId: `${names.groupId}-dead-letters`,
    }),
  ]
  const told = await pages.keep('/version')
  const version = typeof told === 'object' && told !== null ? { ...told } : {}
  let stopping: Promise<void> | undefined
  return {
    version: () => version,
    groupFacts: () =>
      withDeadline(world.clock, ownedLimitMs, 'describing the group', () => lagTruth.group()).catch(
        () => undefined,
      ),
    ownedByTarget: () =>
      withDeadline(world.clock, ownedLimitMs, 'describing the group', () => lagTruth.owned()).catch(
        () => undefined,
      ),
    behind: () => lagTruth.behind(),
    committed: () => lagTruth.committed(),
    stop: () =>
      (stopping ??= Promise.all(samplers.map((sampler) => sampler.stop())).then(() => undefined)),
  }
}

function pidsOf({ stack, target, producer, fleet }: Watched): Record<string, number> {
  const relay = target.process === undefined ? {} : { relay: target.process.pid }
  const ours = { producer: producer.pid, fleet: fleet.pid, conductor: process.pid }
  return { ...stack.pids, ...relay, ...ours }
}

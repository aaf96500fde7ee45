/**
 * The two quiet ends of a run. Steady state is reached before anything is broken, or the run says
 * nothing about the target. And after everything was healed the run waits until all that was
 * acknowledged has arrived, so that "late" and "lost" are distinguishable.
 */
import { sleep } from '../../relay/world/clock.ts'
import { until } from '../world/until.ts'
import type { FleetStatus, GroupStatus } from '../fleet/protocol.ts'
import type { ProducerStatus } from '../producer/protocol.ts'
import { hasAll } from './arrival.ts'
import type { RunContext } from './run-context.ts'

/** Before the first record: long enough for two scrapes of a target that has seen nothing. */
const openingMs = 1_500
const steadyLimitMs = 20_000
/** Records that every watched group must have before we call it steady. */
const steadyDeliveries = 20
/** Limit while records still arrive: a busy machine is slow with large ones. */
const settleLimitMs = 30_000
/** Limit while the consumer has records to read and reads none, beyond the stall limit. */
const standsStillMarginMs = 3_000
/** After the last delivery, so that what must not come has had the time to come. */
const aftermathMs = 1_000
const quietMs = 3_000
const pollMs = 200

/** The time before the first record. */
export async function playOpening(context: RunContext): Promise<void> {
  await inPhase(context, 'opening', () => sleep(context.clock, openingMs, context.signal))
}

/** Starts the load and waits until every watched group gets it. `false`: it never did. */
export async function reachSteady(context: RunContext): Promise<boolean> {
  await context.producer.load(context.scenario.load)
  // Where nothing is sent at first, nothing is to be waited for: that is its steady state.
  if (context.scenario.load.recordsPerSecond === 0)
    return inPhase(context, 'steady', async () => true)
  const reached = await inPhase(context, 'steady', () =>
    until(
      context,
      steadyLimitMs,
      pollMs,
      () => context.fleet.status(),
      (status) =>
        context.watchedGroups.every((name) => isFlowing(context, name, status.groups[name])),
    ),
  )
  if (reached.holds) return true
  const { groups } = reached.answer
  const found = context.watchedGroups.map(
    (name) => `${name} ${groups[name]?.deliveries ?? 0} (${groups[name]?.open ?? 0} open)`,
  )
  context.journal.write({
    kind: 'trouble',
    t: context.journal.now(),
    where: 'steady',
    what:
      `every client must get ${steadyDeliveries} records within ${steadyLimitMs} ms; ` +
      `deliveries were: ${found.join(', ')}`,
  })
  return false
}

/** All clients of a group are there, and get records. */
function isFlowing(context: RunContext, name: string, group: GroupStatus | undefined): boolean {
  const wanted = context.scenario.fleet[name]?.count ?? 0
  return group !== undefined && group.open >= wanted && isFed(group)
}

const isFed = ({ open, deliveries }: GroupStatus) => deliveries >= steadyDeliveries * open

/**
 * Stops the load and waits until the watched groups have everything, or the limit. Where the
 * broker still has records for the target and none comes, it waits until a stopped target is
 * distinguishable from a slow one.
 *
 * @param stalledMs how long a consumer may take nothing before it counts as standing still
 */
export async function settle(context: RunContext, stalledMs: number): Promise<void> {
  await context.producer.load({ ...context.scenario.load, recordsPerSecond: 0 })
  const mayHalt = context.scenario.relay.kafkaOnDecodeError === 'pause'
  await inPhase(context, 'settle', async () => {
    const quietSinceMs = quietness(context)
    const isOver = (produced: ProducerStatus, received: FleetStatus) => {
      const forMs = quietSinceMs(received)
      const hasHalted = mayHalt && standsAtPoison(produced, context.samplers.committed())
      const isLeft = context.samplers.behind() > 0 && !hasHalted
      return forMs >= (isLeft ? stalledMs + standsStillMarginMs : quietMs)
    }
    await until(
      context,
      settleLimitMs + stalledMs,
      pollMs,
      async () => [await context.producer.status(), await context.fleet.status()] as const,
      ([produced, received]) =>
        hasArrived(context, produced, received) || isOver(produced, received),
    )
    await sleep(context.clock, aftermathMs, context.signal)
  })
}

/** Whether the target, configured to stop at a malformed record, has stopped at one. */
export const standsAtPoison = (
  { firstPoison }: Pick<ProducerStatus, 'firstPoison'>,
  committed: ReadonlyMap<number, string>,
): boolean => [...committed].some(([partition, next]) => firstPoison[String(partition)] === next)

/** For how long, in ms, there was no delivery: some records are owed to no client. */
function quietness(context: RunContext): (status: FleetStatus) => number {
  let last = -1
  let sinceMs = context.clock.nowMs()
  return ({ groups }) => {
    const total = Object.values(groups).reduce((sum, { deliveries }) => sum + deliveries, 0)
    if (total !== last) sinceMs = context.clock.nowMs()
    last = total
    return context.clock.nowMs() - sinceMs
  }
}

/** Whether every watched group's slowest client has the last acknowledged offsets. */
function hasArrived(context: RunContext, produced: ProducerStatus, received: FleetStatus): boolean {
  return context.watchedGroups.every((name) => {
    const group = received.groups[name]
    return group === undefined || group.open === 0 || hasAll(group, produced.ends)
  })
}

async function inPhase<T>(context: RunContext, name: string, work: () => Promise<T>): Promise<T> {
  const { journal } = context
  journal.write({ kind: 'phase', t: journal.now(), name, edge: 'begin' })
  try {
    return await work()
  } finally {
    journal.write({ kind: 'phase', t: journal.now(), name, edge: 'end' })
  }
}

/** Whether what was acknowledged has reached clients: how a run knows that it has caught up. */
import { until } from '../world/until.ts'
import type { FleetStatus, GroupStatus } from '../fleet/protocol.ts'
import type { ProducerStatus } from '../producer/protocol.ts'
import type { RunContext } from './run-context.ts'

const lookEveryMs = 100

/** The offset after the last acknowledged one, by partition. */
export type Ends = ProducerStatus['ends']

/** Whether the slowest client of a group has all partitions up to these ends. */
export const hasAll = ({ floor }: GroupStatus, ends: Ends): boolean =>
  Object.entries(ends).every(
    ([partition, end]) => BigInt(floor[partition] ?? -1) + 1n >= BigInt(end),
  )

/** Waits until every watched client is connected and has all up to `ends`, for a limited time. */
export async function arrivalOf(context: RunContext, ends: Ends, limitMs: number): Promise<void> {
  const ask = () => context.fleet.status()
  const isThere = ({ groups }: FleetStatus) =>
    context.watchedGroups.every((name) => {
      const group = groups[name]
      const count = context.scenario.fleet[name]?.count ?? 0
      return group !== undefined && group.open >= count && hasAll(group, ends)
    })
  await until(context, limitMs, lookEveryMs, ask, isThere)
}

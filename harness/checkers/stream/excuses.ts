/**
 * When records may come again. Kafka's promise to a consumer group is at-least-once: after a
 * crash, and for partitions that changed hands, a relay goes on from its last commit. Loss is
 * never excused.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { FaultWindow } from '../../history/windows.ts'
import type { Excuses } from './account.ts'

/** After a rebalance ends, its redeliveries may take this long to show. */
const aftermathMicros = 15_000_000

/** The fault's word in the scenario, such as `kill-relay`. */
export const faultWord = ({ spec }: FaultWindow): string =>
  typeof spec['fault'] === 'string' ? spec['fault'] : ''

export function excusesOf(history: History): Excuses {
  const rebalances = history.faults.filter((fault) => faultWord(fault) === 'rebalance')
  const moved = movedPartitions(history)
  const restarts = history.faults
    .filter((fault) => ['kill-relay', 'restart-relay'].includes(faultWord(fault)))
    .map(({ begin }) => begin)
  const resumes = history.events('sent').filter(([, , , what]) => what.startsWith('resume'))
  return {
    mayRewind: (partition, t) =>
      moved.has(partition) &&
      rebalances.some(({ begin, end }) => t >= begin && t <= end + aftermathMicros),
    hasRestarted: (from, until) => restarts.some((t) => t >= from && t <= until),
    resumes: ({ client, begin, end }) =>
      resumes.filter(([, t, by]) => by === client && t >= begin && t <= end).length,
  }
}

/** Partitions that the target held and lost at some time of the run, as its group's broker said. */
export function movedPartitions(history: History): ReadonlySet<number> {
  const moved = new Set<number>()
  const held = new Set<number>()
  for (const [, , , , partitions] of history.events('lagtruth')) {
    for (const [name, [, , , isOwned]] of Object.entries(partitions)) {
      const partition = Number(name)
      if (isOwned) held.add(partition)
      else if (held.has(partition)) moved.add(partition)
    }
  }
  return moved
}

/** Whether a client asked to go on from its cursor within a time. */
export function asksFromCursor(
  history: History,
): (client: number, from: Micros, until: Micros) => boolean {
  const asked = history.events('sent').filter(([, , , what]) => what === 'resume:cursor')
  return (client, from, until) =>
    asked.some(([, t, by]) => by === client && t >= from && t <= until)
}

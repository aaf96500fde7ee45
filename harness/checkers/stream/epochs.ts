/** Cursors of another epoch: an answer in a new epoch must call them stale. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { replaysOf } from '../reading/replays.ts'
import type { Flaw } from './flaw.ts'

/**
 * Replays from a cursor that were answered in another epoch than the last one the client got, and
 * served as if the cursor were still valid. A relay that sends no epoch cannot be judged.
 */
export function trustedStale(history: History, isJudged: (group: string) => boolean): Flaw[] {
  const epochs = epochsTold(history)
  return replaysOf(history).flatMap((replay): Flaw[] => {
    const { client, group, from, askedAt, complete, told, runs, end: at } = replay
    const epoch = epochs.get(client)?.findLast((one) => one.t < askedAt)?.epoch
    const answered = complete?.['epoch']
    if (!isJudged(group) || from !== 'cursor' || epoch === undefined) return []
    if (typeof answered !== 'string' || answered === epoch) return []
    if (told.some(({ type }) => type === 'cursor_stale')) return []
    const { partition = -1, first = -1, last = first } = runs[0] ?? {}
    const shows = { cursorOf: epoch, answeredIn: answered }
    return [{ kind: 'stale-trusted', client, group, partition, first, last, count: 1, at, shows }]
  })
}

interface Told {
  readonly t: Micros
  readonly epoch: string
}

function epochsTold(history: History): ReadonlyMap<number, readonly Told[]> {
  const told = history.events('control').flatMap(([, t, client, { epoch }]) => {
    return typeof epoch === 'string' ? [{ t, client, epoch }] : []
  })
  return Map.groupBy(told, ({ client }) => client)
}

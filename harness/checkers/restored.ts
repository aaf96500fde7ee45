/** After the last fault is healed, what was broken must be whole again, and soon. */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { PartitionRecords } from '../history/records.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './conclude.ts'
import { lastHealOf } from './last-heal.ts'
import { flag, milliseconds, names, type GroupName } from './options.ts'
import { exemptions } from './stream/exempt.ts'

export interface RestoredOptions<G extends string = string> {
  /** Clients that must be at the head again. */
  readonly groups: readonly GroupName<G>[]
  /** Longest time from the last heal until each of them has everything sent up to then. */
  readonly limitMs: number
  /** Only whether any of them loses its connection, from the first fault on. */
  readonly closesNobody?: boolean
}

export const restored: Checker<RestoredOptions> = {
  says: 'After the last fault is healed, every client is at the head again in time.',
  restsOn: ['times'],
  options: z.strictObject({
    groups: names,
    limitMs: milliseconds,
    closesNobody: flag.exactOptional(),
  }),
  judge(history, { groups, limitMs, closesNobody = false }) {
    const last = lastHealOf(history)
    if (typeof last !== 'number') return last
    const heads = headsAt(history, last)
    if (heads.size === 0) return cannotTell('no-records', 'Nothing was sent up to the last heal.')
    const clients = [...history.sessions].filter(([, sessions]) =>
      sessions.some(({ group, begin }) => groups.includes(group) && begin <= last),
    )
    const reached = clients.map(([client]) => ({ client, at: reachedAt(history, client, heads) }))
    const limit = last + limitMs * 1_000
    const worst = Math.max(last, ...reached.map(({ at }) => at ?? Infinity))
    return conclude({
      violations: closesNobody
        ? closedMeanwhile(history, groups)
        : reached.flatMap((one) => tooLate(one, last, limit)),
      doubts: [
        history.end < limit
          ? {
              rule: 'too-short',
              says: 'The run ended before the limit had passed.',
              fix: 'run longer after the last fault',
            }
          : undefined,
      ],
      holds: {
        rule: 'restored',
        says: closesNobody
          ? `${clients.length} clients kept their connections.`
          : `${clients.length} clients were at the head ${seconds(worst - last)} after the heal.`,
      },
      exercised: clients.length,
      evidence: {
        clients: clients.length,
        lastHealAt: last,
        slowestMs: Number.isFinite(worst) ? (worst - last) / 1_000 : null,
        limitMs,
      },
    })
  },
}

/** Connections that ended although no client wanted it, since something was broken. */
function closedMeanwhile(history: History, groups: readonly string[]): Violation[] {
  const first = Math.min(...history.faults.map(({ begin }) => begin))
  return [...history.sessions.values()].flat().flatMap(({ client, group, closed }) => {
    if (closed === undefined || !groups.includes(group)) return []
    const [, at, , code, reason, by] = closed
    if (by === 'client' || at < first) return []
    const how = reason === '' ? `code ${code}` : `code ${code}, "${reason}"`
    const says = `Client ${client} was to keep its connection; the ${by} ended it (${how}).`
    return [{ rule: 'closed-meanwhile', says, at }]
  })
}

interface Reached {
  readonly client: number
  readonly at: Micros | undefined
}

function tooLate({ client, at }: Reached, last: Micros, limit: Micros): Violation[] {
  if (at !== undefined && at <= limit) return []
  const found = at === undefined ? 'it never was' : `it took ${seconds(at - last)}`
  const wanted = `at the head ${seconds(limit - last)} after the heal`
  const says = `Client ${client} was to be ${wanted}; ${found}.`
  return [{ rule: at === undefined ? 'never-back' : 'back-too-late', says, at: limit }]
}

/** The last record of every partition that was acknowledged by `t` and is owed to clients. */
function headsAt(history: History, t: Micros): ReadonlyMap<number, number> {
  const exempt = exemptions(history, false)
  const heads = new Map<number, number>()
  for (const [partition, records] of history.stream().records) {
    const isOwed = (offset: number) => exempt.get(partition)?.all.has(offset) !== true
    const head = lastAcked(records, t, isOwed)
    if (head !== undefined) heads.set(partition, head)
  }
  return heads
}

function lastAcked(
  records: PartitionRecords,
  t: Micros,
  isOwed: (offset: number) => boolean,
): number | undefined {
  for (let i = records.length - 1; i >= 0; i -= 1) {
    const offset = records.offsets[i] as number
    if ((records.ackedAt[i] as number) <= t && isOwed(offset)) return offset
  }
  return undefined
}

/** When the client had reached every head; undefined if it never did. */
function reachedAt(
  history: History,
  client: number,
  heads: ReadonlyMap<number, number>,
): Micros | undefined {
  const deliveries = history.stream().deliveries.get(client)
  let latest: Micros = 0
  for (const [partition, head] of heads) {
    const run = deliveries?.runs(partition).find(({ last }) => last >= head)
    if (run === undefined) return undefined
    latest = Math.max(latest, run.until)
  }
  return latest
}

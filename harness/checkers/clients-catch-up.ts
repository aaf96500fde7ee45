/** After the last fault is healed, clients must have caught up within a limit. */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { PartitionRecords } from '../history/records.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many, seconds, type Violation } from './reading/conclude.ts'
import { lastHealOf } from './reading/last-heal.ts'
import { flag, groupRefs, milliseconds } from './options.ts'
import { exemptions } from './stream/exempt.ts'

const schema = z.strictObject({
  /** Clients that must catch up. */
  groups: groupRefs,
  /** Longest time from the last heal until each of them has everything sent up to then. */
  limitMs: milliseconds,
  /** Judge only whether any of them loses its connection after the first fault. */
  closesNobody: flag.exactOptional(),
})

export const clientsCatchUp = checker({
  says: 'After the last fault is healed, every client catches up in time.',
  restsOn: ['times'],
  options: schema,
  judge(history, { groups, limitMs, closesNobody = false }) {
    const last = lastHealOf(history)
    if (typeof last !== 'number') return last
    const heads = headsAt(history, last)
    if (heads.size === 0)
      return cannotTell('no-records', 'No record was sent before the last heal.')
    const clients = [...history.sessions].filter(([, sessions]) =>
      sessions.some(({ group, begin }) => groups.includes(group) && begin <= last),
    )
    const reached = clients.map(([client]) => ({ client, at: reachedAt(history, client, heads) }))
    const limit = last + limitMs * 1_000
    const worst = Math.max(last, ...reached.map(({ at }) => at ?? Infinity))
    const tookMicros = clients.length > 0 && Number.isFinite(worst) ? worst - last : undefined
    return conclude({
      violations: closesNobody
        ? closedMeanwhile(history, groups)
        : reached.flatMap((one) => tooLate(one, last, limit, history.end)),
      doubts: [
        clients.length === 0
          ? {
              rule: 'nothing-exercised',
              says: `No client of ${groups.join(', ')} was connected before the last heal.`,
              fix: 'see why they could not connect',
            }
          : undefined,
        history.end < limit
          ? {
              rule: 'too-short',
              says:
                `The run ended ${seconds(history.end - last)} after the last heal, before the ` +
                `limit of ${seconds(limit - last)}.`,
              fix: 'run longer after the last fault',
            }
          : undefined,
      ],
      holds: {
        rule: 'restored',
        says: closesNobody
          ? `No connection of ${many(clients.length, 'client')} was closed from the first fault ` +
            'on, except by the client itself.'
          : `${many(clients.length, 'client')} caught up ${seconds(tookMicros ?? 0)} after ` +
            `the last heal${clients.length > 1 ? ' at the latest' : ''} ` +
            `(limit ${seconds(limit - last)}).`,
      },
      exercised: clients.length,
      counted: 'clients',
      evidence: {
        clients: clients.length,
        lastHealAt: last,
        ...(!closesNobody && {
          slowestMs: tookMicros === undefined ? null : tookMicros / 1_000,
          limitMs,
        }),
      },
    })
  },
})

/** Connections that ended after the first fault, other than by the client. */
function closedMeanwhile(history: History, groups: readonly string[]): Violation[] {
  const first = Math.min(...history.faults.map(({ begin }) => begin))
  return [...history.sessions.values()].flat().flatMap(({ client, group, closed }) => {
    if (closed === undefined || !groups.includes(group)) return []
    const { t: at, code, reason, by } = closed
    if (by === 'client' || at < first) return []
    const how = reason === '' ? `code ${code}` : `code ${code}, "${reason}"`
    const says =
      `Client ${client} must keep its connection; the ${by} ended it ${seconds(at - first)} ` +
      `after the first fault (${how}).`
    return [{ rule: 'closed-meanwhile', says, at }]
  })
}

interface Reached {
  readonly client: number
  readonly at: Micros | undefined
}

function tooLate({ client, at }: Reached, last: Micros, limit: Micros, end: Micros): Violation[] {
  if (at !== undefined && at <= limit) return []
  const found =
    at === undefined
      ? `it had not when the run ended ${seconds(end - last)} after it`
      : `it took ${seconds(at - last)}`
  const wanted = `catch up within ${seconds(limit - last)} after the last heal`
  const says = `Client ${client} must ${wanted}; ${found}.`
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

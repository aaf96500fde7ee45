/**
 * Live delivery at full speed: the load is an open model, so with a relay that falls behind records
 * arrive late or not at all.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  sentence,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { count, groupRefs, milliseconds, phaseRef, phaseRefs } from './options.ts'

const schema = z.strictObject({
  /** Clients that are connected throughout. */
  groups: groupRefs,
  /** Windows in which records are sent that must arrive in time. */
  phases: phaseRefs,
  /** A phase before any fault: if records are already late there, the fault is not the cause. */
  before: phaseRef.exactOptional(),
  /** Longest time from sending to arrival, of 99 records in 100. */
  limitMs: milliseconds,
  /** Fewest deliveries to judge by. */
  deliveriesMin: count,
})

const share = 0.99

export const deliveredInTime = checker({
  says: 'Records reach every client in time while something else fails.',
  restsOn: ['times'],
  options: schema,
  judge(history, { groups, phases, before, limitMs, deliveriesMin }) {
    const windows = phases.flatMap((one) => history.phase(one) ?? [])
    const calm = before === undefined ? undefined : history.phase(before)
    const missing = [before ?? [], ...phases].flat().filter((one) => !history.phase(one))
    if (missing.length > 0) {
      const says = `The run did not reach ${missing.join(' and ')}.`
      return cannotTell('no-phase', says, 'let the run finish')
    }
    const clients = clientsOf(history, groups)
    const limit = limitMs * 1_000
    const calmly = calm && measured(history, clients, [calm])
    const found = measured(history, clients, windows)
    const { due, sorted, slowest } = found
    const wasLate = calmly !== undefined && calmly.due > 0 && calmly.slowest > limit
    const isLate = due > 0 && slowest > limit
    const than = calmly === undefined ? '' : `; ${shown(calmly.slowest)} in ${before}`
    return conclude({
      violations: isLate && !wasLate ? [late(found, limitMs, windows)] : [],
      doubts: [
        wasLate ? lateBefore(calmly, limitMs, before ?? '') : undefined,
        due < deliveriesMin || calmly?.due === 0
          ? tooFew(due, deliveriesMin, calmly && ` and ${calmly.due} in ${before}, which needs 1`)
          : undefined,
      ],
      holds: {
        rule: 'in-time',
        says:
          `99 % of ${many(due, 'delivery', 'deliveries')} took at most ${shown(slowest)} (limit ` +
          `${limitMs} ms${than}).`,
      },
      exercised: due,
      counted: 'deliveries',
      evidence: {
        due,
        arrived: sorted.length,
        medianMs: inMs(sorted[Math.floor(sorted.length / 2)]),
        slowestMs: inMs(sorted.at(-1)),
      },
    })
  },
})

const inMs = (micros: number | undefined): number | null =>
  micros === undefined ? null : micros / 1_000

const tooFew = (due: number, wanted: number, before = ''): Doubt => ({
  rule: 'too-little',
  says:
    `At least ${wanted} deliveries are needed; ` +
    `${due} ${due === 1 ? 'was' : 'were'} due${before}.`,
  fix: 'give a higher load, or see why so few records were acknowledged',
})

const lateBefore = (found: Measured, limitMs: number, before: string): Doubt => ({
  rule: 'late-before',
  says: `Already in ${before}: ${foundLate(found, limitMs)}.`,
  fix: 'first find out why records are late or missing without a fault',
})

interface Measured {
  readonly due: number
  /** Latencies of those that arrived, ascending. */
  readonly sorted: Float64Array
  /** The 99th percentile of all that were due; infinite if too many never arrived. */
  readonly slowest: number
}

/** Deliveries due for records sent in the windows, and how long they took. */
function measured(
  history: History,
  clients: readonly number[],
  windows: readonly Window[],
): Measured {
  const sent = sentWithin(history, windows)
  const due = sent.size * clients.length
  const took = clients.flatMap((client) => timesOf(history, client, sent))
  const sorted = Float64Array.from(took).sort()
  return { due, sorted, slowest: sorted[Math.ceil(due * share) - 1] ?? Infinity }
}

function late(found: Measured, limitMs: number, windows: readonly Window[]): Violation {
  const says = sentence(foundLate(found, limitMs))
  return { rule: 'delivered-late', says, at: Math.max(...windows.map(({ end }) => end)) }
}

function foundLate({ due, sorted, slowest }: Measured, limitMs: number): string {
  const wanted = `limit for 99 %: ${limitMs} ms`
  const all = many(due, 'delivery', 'deliveries')
  return Number.isFinite(slowest)
    ? `the slowest 1 % of ${all} took ${shown(slowest)} or more (${wanted})`
    : `${due - sorted.length} of ${all} never arrived (${wanted})`
}

const shown = (micros: number): string => `${Math.round(micros / 1_000)} ms`

function clientsOf(history: History, groups: readonly string[]): number[] {
  return [...history.sessions]
    .filter(([, sessions]) => sessions.some(({ group }) => groups.includes(group)))
    .map(([client]) => client)
}

const keyOf = (partition: number, offset: number) => `${partition}/${offset}`

/** When each record of the windows was sent, without malformed ones: those are not owed. */
function sentWithin(history: History, windows: readonly Window[]): ReadonlyMap<string, number> {
  const sent = new Map<string, number>()
  for (const [partition, { length, malformed, offsets, sentAt }] of history.stream().records) {
    for (let i = 0; i < length; i += 1) {
      const offset = offsets[i] as number
      const t = sentAt[i] as number
      const isWithin = windows.some(({ begin, end }) => t >= begin && t <= end)
      if (isWithin && !malformed.has(offset)) sent.set(keyOf(partition, offset), t)
    }
  }
  return sent
}

/** How long each took until its first arrival at a client; only those that arrived. */
function timesOf(history: History, client: number, sent: ReadonlyMap<string, number>): number[] {
  const took = new Map<string, number>()
  history.stream().deliveries.get(client)?.eachArrival((partition, first, size, t) => {
    for (let offset = first; offset < first + size; offset += 1) {
      const key = keyOf(partition, offset)
      const from = sent.get(key)
      if (from !== undefined && !took.has(key)) took.set(key, t - from)
    }
  })
  return [...took.values()]
}

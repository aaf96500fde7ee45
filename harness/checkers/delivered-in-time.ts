/**
 * Live delivery at full speed: the load is an open model, so a relay that falls behind shows here
 * as records that arrive late, or not at all.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { count, milliseconds, name, names, type GroupName, type PhaseName } from './options.ts'

export interface DeliveredInTimeOptions<G extends string = string, P extends string = string> {
  /** Clients that are there throughout. */
  readonly groups: readonly GroupName<G>[]
  /** Windows in which records are sent that must arrive in time. */
  readonly phases: readonly PhaseName<P>[]
  /** A window before anything is broken: where records are late already, it is not by this. */
  readonly before?: PhaseName<P>
  /** Longest time from sending to arrival, of 99 records in 100. */
  readonly limitMs: number
  /** So many deliveries are worth a judgement. */
  readonly deliveriesMin: number
}

const share = 0.99

export const deliveredInTime: Checker<DeliveredInTimeOptions> = {
  says: 'Records reach every client in time while something else is broken.',
  restsOn: ['times'],
  options: z.strictObject({
    groups: names,
    phases: names,
    before: name.exactOptional(),
    limitMs: milliseconds,
    deliveriesMin: count,
  }),
  judge(history, { groups, phases, before, limitMs, deliveriesMin }) {
    const windows = phases.flatMap((one) => history.phase(one) ?? [])
    const calm = before === undefined ? undefined : history.phase(before)
    if ((before !== undefined && calm === undefined) || windows.length < phases.length) {
      return cannotTell('no-phase', 'A phase of the run is not there.', 'Run it to its end.')
    }
    const clients = clientsOf(history, groups)
    const limit = limitMs * 1_000
    const calmly = calm && measured(history, clients, [calm])
    const { due, sorted, slowest } = measured(history, clients, windows)
    const wasLate = calmly !== undefined && calmly.due > 0 && calmly.slowest > limit
    const isLate = due > 0 && slowest > limit
    return conclude({
      violations: isLate && !wasLate ? [late(slowest, limitMs, windows)] : [],
      doubts: [
        wasLate
          ? {
              rule: 'late-before',
              says:
                `99 in 100 records were to arrive within ${limitMs} ms before anything was ` +
                `broken; ${foundLate(calmly.slowest)}.`,
              fix: 'See first why records are late, or never come, where nothing is broken.',
            }
          : undefined,
        due < deliveriesMin || calmly?.due === 0
          ? {
              rule: 'too-little',
              says:
                `${deliveriesMin} deliveries were wanted, and some before; ` +
                `${due} were due, and ${calmly?.due ?? 'some'} before.`,
              fix: 'Give a higher load, or see why so few records were acknowledged.',
            }
          : undefined,
      ],
      holds: {
        rule: 'in-time',
        says: `99 in 100 of ${due} deliveries took at most ${shown(slowest)}.`,
      },
      exercised: due,
      evidence: {
        due,
        arrived: sorted.length,
        medianMs: (sorted[Math.floor(sorted.length / 2)] ?? 0) / 1_000,
        slowestMs: (sorted.at(-1) ?? 0) / 1_000,
      },
    })
  },
}

/** Deliveries that were due of what was sent in the windows, and how long they took. */
function measured(history: History, clients: readonly number[], windows: readonly Window[]) {
  const sent = sentWithin(history, windows)
  const due = sent.size * clients.length
  const took = clients.flatMap((client) => timesOf(history, client, sent))
  const sorted = Float64Array.from(took).sort()
  return { due, sorted, slowest: sorted[Math.ceil(due * share) - 1] ?? Infinity }
}

function late(slowest: number, limitMs: number, windows: readonly Window[]): Violation {
  const says = `99 in 100 records were to arrive within ${limitMs} ms; ${foundLate(slowest)}.`
  return { rule: 'delivered-late', says, at: Math.max(...windows.map(({ end }) => end)) }
}

const foundLate = (slowest: number): string =>
  Number.isFinite(slowest) ? `one took ${shown(slowest)}` : 'too many never came'

const shown = (micros: number): string => `${Math.round(micros / 1_000)} ms`

function clientsOf(history: History, groups: readonly string[]): number[] {
  return [...history.sessions]
    .filter(([, sessions]) => sessions.some(({ group }) => groups.includes(group)))
    .map(([client]) => client)
}

const keyOf = (partition: number, offset: number) => `${partition}/${offset}`

/** When each record of the windows was sent, malformed ones left out: nobody is owed those. */
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

/** How long each of them took to its first arrival at a client; those that came. */
function timesOf(history: History, client: number, sent: ReadonlyMap<string, number>): number[] {
  const took = new Map<string, number>()
  history.stream().deliveries.get(client)?.eachArrival((partition, first, many, t) => {
    for (let offset = first; offset < first + many; offset += 1) {
      const key = keyOf(partition, offset)
      const from = sent.get(key)
      if (from !== undefined && !took.has(key)) took.set(key, t - from)
    }
  })
  return [...took.values()]
}

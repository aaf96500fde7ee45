/**
 * How stalled clients ended, as witnesses saw it: in time, too late or not at all, and the
 * sentences for it. Times count from the moment at which a client may be closed.
 */
import type { Micros } from '../../history/event.ts'
import type { Window } from '../../history/windows.ts'
import { many, seconds, type Doubt, type Violation } from '../reading/conclude.ts'
import type { Freed } from '../reading/freed-slots.ts'
import type { Point } from '../reading/series.ts'

/** What the witnesses show. */
export interface Found {
  /** The moment from which a write can wait. */
  readonly waitsSince: Micros | undefined
  /** When enough of them were gone by the target's count, and by the first witness. */
  readonly countedAt: Micros | undefined
  readonly closedAt: Micros | undefined
  readonly deadline: Micros
  readonly wanted: number
  readonly window: Window
  /** The group's clients by the target's count; undefined where that is not right. */
  readonly counted: readonly Point[] | undefined
  readonly freed: Freed
  /** When new clients had the slots of all of them. */
  readonly freedAt: Micros | undefined
  /** Whether every slot was taken when the stall began. */
  readonly isFull: boolean
  readonly limitMs: number
  /** How many stalled. */
  readonly of: number
  /** What the time is counted from, and what it is called. */
  readonly from: Micros
  readonly since: string
  /** Whether the target reports a count of its clients at all. */
  readonly isTold: boolean
}

/** @param isLimited whether the limit is part of what is claimed */
export function holds(found: Found, isLimited: boolean): string {
  const { closedAt, countedAt, freedAt, wanted, of, from, since, freed, limitMs } = found
  const clients = `${wanted === of ? '' : `${wanted} of `}${many(of, 'stalled client')}`
  const limit = seconds(limitMs * 1_000)
  const gone = freedAt === undefined ? '' : `, and ${many(freed.opened, 'new one')} got their slots`
  if (closedAt === undefined) {
    const late = seconds(Math.max(0, (freedAt ?? from) - from))
    const open = isLimited ? `; not known whether they were closed within ${limit}` : ''
    return `${freed.opened} new clients got the slots of ${clients} ${late} after ${since}${open}.`
  }
  const took = seconds(Math.max(0, closedAt - from))
  const witness = countedAt === undefined ? 'seen by the harness' : "by the target's own count"
  const told = isLimited ? `limit ${limit}, ${witness}` : witness
  return `${clients} were closed within ${took} after ${since} (${told})${gone}.`
}

/** Released slots show that clients are closed, not when they were. */
export function timeUnseen(found: Found): Doubt | undefined {
  const { freedAt } = found
  if (freedAt === undefined || freedAt <= found.deadline) return undefined
  return {
    rule: 'time-unseen',
    says:
      `New clients got the slots ${seconds(freedAt - found.from)} after ${found.since}; it is ` +
      `not known whether they were free within ${seconds(found.limitMs * 1_000)}.`,
    fix: 'see why the target does not report the right number of clients',
  }
}

export const tooShort = ({ window, from, since, limitMs }: Found): Doubt => ({
  rule: 'too-short',
  says:
    `The stall ended ${seconds(window.end - from)} after ${since}; the limit is ` +
    `${seconds(limitMs * 1_000)}.`,
  fix: 'run again; the machine may have been busy',
})

/** Without any witness it is not known whether they were closed. */
export function noWitness({ counted, freed, isFull, isTold }: Found): Doubt | undefined {
  if (counted !== undefined && counted.length > 0) return undefined
  const tried = freed.opened + freed.limited
  const slots = [
    `${many(tried, 'new client')} tried for their slots`,
    isFull ? [] : 'no limit on clients of one address was seen before',
  ].flat()
  const count = isTold
    ? "the target's count of clients was wrong before the stall, or could not be compared"
    : 'the target reports no number of clients'
  return {
    rule: 'no-witness',
    says: `Nothing shows whether they were closed: ${[count, ...slots].join('; ')}.`,
    fix: 'start the target with a limit on clients of one address, with --env if it has its own',
  }
}

export function violations(found: Found): Violation[] {
  const { closedAt, deadline, wanted, of, window, counted, freed, isFull, limitMs } = found
  const { from, since } = found
  const limit = `(limit ${seconds(limitMs * 1_000)})`
  const slots = isFull && freed.at !== undefined && freed.at >= deadline
  if (slots && !freed.isEnough && freed.isDecided) return [keptSlots(found)]
  if (closedAt === undefined) {
    const last = counted?.at(-1)
    if (deadline > window.end || last === undefined || (slots && freed.isEnough)) return []
    const says =
      `The target counted ${last.v} of ${of} stalled clients ${seconds(last.t - from)} ` +
      `after ${since}; expected ${of - wanted} ${limit}.`
    return [{ rule: 'not-closed', says, at: deadline }]
  }
  if (closedAt <= deadline) return []
  const says =
    `The last of ${many(wanted, 'stalled client')} was closed ${seconds(closedAt - from)} after ` +
    `${since} ${limit}.`
  return [{ rule: 'closed-too-late', says, at: deadline }]
}

/** New clients met the limit after the time by which all of the slots had to be free. */
function keptSlots({ closedAt, deadline, wanted, freed, from, since, limitMs }: Found): Violation {
  const late = seconds((freed.at ?? deadline) - from)
  const limit = `limit ${seconds(limitMs * 1_000)}`
  const kept =
    `${wanted - freed.opened} of ${wanted} slots were still taken ${late} after ${since} ` +
    `(${limit}): ${many(freed.limited, 'new client')} got status 429`
  const isClosed = closedAt !== undefined && closedAt <= deadline
  const took = seconds(Math.max(0, (closedAt ?? from) - from))
  const says = isClosed ? `The clients were closed after ${took}, but ${kept}.` : `${kept}.`
  return { rule: isClosed ? 'slot-kept' : 'not-closed', says, at: deadline }
}

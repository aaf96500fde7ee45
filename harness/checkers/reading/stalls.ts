/** When clients of a group stalled, and how much the target owed them meanwhile. */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { isOnClients, does, type FaultWindow, type Window } from '../../history/windows.ts'

/** A stall of a group that overlaps the phase, from its known beginning. */
export interface Stall {
  readonly begin: Micros
  readonly end: Micros
  /** Whether it was measured that nothing arrives. */
  readonly isProven: boolean
  /** Clients of the group that were open when it began. */
  readonly clients: readonly number[]
}

/** The stall of `group` around `phase`; undefined when nothing stalled it. */
export function stallOf(history: History, group: string, phase: Window): Stall | undefined {
  const fault = history.faults.find(
    (candidate) => isStallOf(candidate, group) && overlaps(candidate, phase),
  )
  const windows = clientStalls(history, group).filter((window) => overlaps(window, phase))
  const begins = [...windows.map(({ begin }) => begin), ...(fault ? [fault.begin] : [])]
  if (begins.length === 0) return undefined
  const begin = Math.min(...begins)
  const end = Math.max(...windows.map((window) => window.end), fault?.end ?? 0)
  return { begin, end, isProven: fault?.isActive ?? true, clients: openOf(history, group, begin) }
}

const isStallOf = (fault: FaultWindow, group: string): boolean =>
  does(fault, 'backs-up') && isOnClients(fault) && (fault.effects.group ?? group) === group

const overlaps = (a: Window, b: Window): boolean => a.begin <= b.end && a.end >= b.begin

function clientStalls(history: History, group: string): Window[] {
  return [...history.sessions.values()]
    .flat()
    .filter((session) => session.group === group)
    .flatMap((session) => session.stalls)
}

function openOf(history: History, group: string, t: Micros): number[] {
  return [...history.sessions]
    .filter(([, sessions]) =>
      sessions.some((one) => one.group === group && one.begin <= t && one.end >= t),
    )
    .map(([client]) => client)
}

/** Acknowledged bytes over time, as a running sum; every client is owed each of them. */
export interface AckedBytes {
  /** Bytes acknowledged within a window. */
  readonly within: (begin: Micros, end: Micros) => number
  /** Records acknowledged within a window. */
  readonly recordsWithin: (begin: Micros, end: Micros) => number
  /** The moment at which `bytes` were acknowledged since `begin`; undefined if they never were. */
  reachedAt(begin: Micros, bytes: number): Micros | undefined
}

export function ackedBytes(history: History): AckedBytes {
  const rows: { t: Micros; bytes: number }[] = []
  for (const records of history.stream().records.values()) {
    for (let i = 0; i < records.length; i += 1) {
      rows.push({ t: records.ackedAt[i] as number, bytes: Math.max(0, records.bytes[i] as number) })
    }
  }
  rows.sort((a, b) => a.t - b.t)
  return {
    within: (begin, end) =>
      rows.reduce((sum, { t, bytes }) => (t >= begin && t <= end ? sum + bytes : sum), 0),
    recordsWithin: (begin, end) =>
      rows.reduce((sum, { t }) => (t >= begin && t <= end ? sum + 1 : sum), 0),
    reachedAt(begin, wanted) {
      let sum = 0
      for (const { t, bytes } of rows) {
        if (t < begin) continue
        sum += bytes
        if (sum >= wanted) return t
      }
      return undefined
    },
  }
}

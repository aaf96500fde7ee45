/** Windows of a run: its phases, its faults, and the sessions of its clients. */
import { unknownEffects, type FaultEffect, type FaultEffects } from './effects.ts'
import {
  timeOf,
  type Closed,
  type Fault,
  type FaultStep,
  type HistoryEvent,
  type Micros,
  type Opened,
  type Phase,
  type Reading,
} from './event.ts'

/** The phase in which the harness stops everything: what ends then did not end by itself. */
export const tearDownPhase = 'tear-down'

export interface Window {
  readonly begin: Micros
  readonly end: Micros
}

export interface NamedWindow extends Window {
  readonly name: string
  /** Why the phase ended, if its event says so. */
  readonly why?: string
  /** Whether its end was written; a run that was cut short has a phase without one. */
  readonly hasEnded: boolean
}

/** One fault from its injection to its healing, or to where it was given up. */
export interface FaultWindow extends Window {
  readonly id: string
  /** Whether it was measured as active; undefined if it could not be measured. */
  readonly isActive: boolean | undefined
  /** When it was first measured as active. */
  readonly activeSince: Micros | undefined
  readonly healedAt: Micros | undefined
  /** Why injecting or healing failed, if it did. */
  readonly failure: Readonly<Record<string, unknown>> | undefined
  /** Its spec when it was injected, from the scenario. */
  readonly spec: Readonly<Record<string, unknown>>
  /** What it does to the run: checkers judge by this, not by the fault's name. */
  readonly effects: FaultEffects
  /** The measurement behind `isActive`. */
  readonly evidence: Readonly<Record<string, unknown>>
}

/** Whether a fault does at least one of these. */
export const does = ({ effects }: FaultWindow, ...wanted: readonly FaultEffect[]): boolean =>
  wanted.some((one) => effects.does.includes(one))

/** Whether a fault acts on a group of clients: on the link to them or on themselves. */
export const isOnClients = ({ effects: { on } }: FaultWindow): boolean =>
  on === 'client-link' || on === 'clients'

/** One connection of a client: from its opening to its end, or to the end of the run. */
export interface Session extends Window {
  readonly client: number
  readonly group: string
  /** Undefined while it is open at the end of the run. */
  readonly closed: Closed | undefined
  /** When the client did not read. */
  readonly stalls: readonly Window[]
}

/** Phases in the order of their beginnings; one that has no end lasts until `end`. */
export function phasesOf(events: readonly Phase[], end: Micros): NamedWindow[] {
  const phases: NamedWindow[] = []
  for (const { t, name, edge, why } of events) {
    if (edge === 'begin') {
      phases.push({ name, begin: t, end, hasEnded: false, ...(why !== undefined && { why }) })
      continue
    }
    const at = phases.findLastIndex((phase) => phase.name === name && !phase.hasEnded)
    const open = phases[at]
    if (open === undefined) continue
    phases[at] = { ...open, end: t, hasEnded: true, ...(why !== undefined && { why }) }
  }
  return phases
}

/** Faults in the order of their injection; every `inject` of an id begins another one. */
export function faultsOf(events: readonly Fault[], end: Micros): FaultWindow[] {
  const faults: FaultWindow[] = []
  for (const event of events) {
    const { t, id, step } = event
    const at = faults.findLastIndex((fault) => fault.id === id && fault.healedAt === undefined)
    const open = faults[at]
    const change = faultSteps[step]
    if (step !== 'inject' && open !== undefined) faults[at] = change(open, event)
    else faults.push(change(unknownFault(id, t, end), event))
  }
  return faults
}

const unknownFault = (id: string, begin: Micros, end: Micros): FaultWindow => ({
  id,
  begin,
  end,
  isActive: undefined,
  activeSince: undefined,
  healedAt: undefined,
  failure: undefined,
  spec: {},
  effects: unknownEffects,
  evidence: {},
})

type StepChange = (fault: FaultWindow, event: Fault) => FaultWindow

const faultSteps: Readonly<Record<FaultStep, StepChange>> = {
  inject: (fault, { evidence, effects }) => ({
    ...fault,
    spec: evidence,
    effects: effects ?? unknownEffects,
  }),
  active: (fault, { t, evidence }) => ({
    ...fault,
    isActive: true,
    activeSince: fault.activeSince ?? t,
    evidence,
  }),
  ineffective: (fault, { evidence }) => ({
    ...fault,
    isActive: fault.isActive ?? false,
    evidence,
  }),
  heal: (fault, { t }) => ({ ...fault, healedAt: t, end: t }),
  failed: (fault, { t, evidence }) => ({
    ...fault,
    failure: evidence,
    // What never stood ends where it was given up; what stands and can't be healed goes on.
    end: fault.isActive === undefined ? t : fault.end,
  }),
}

/** Whether a fault can take this step, and has effects that can be read. */
export const isFault = ({ step, effects }: Fault): boolean =>
  Object.hasOwn(faultSteps, step) &&
  (effects === undefined || Array.isArray((effects as Partial<FaultEffects> | null)?.does))

/** Sessions by client, in the order of their openings. */
export function sessionsOf(
  events: readonly (Opened | Closed | Reading)[],
  end: Micros,
): ReadonlyMap<number, readonly Session[]> {
  const byClient = new Map<number, (Session & { stalls: Window[] })[]>()
  for (const event of events) {
    const { kind, t, client } = event
    const sessions = byClient.get(client) ?? []
    byClient.set(client, sessions)
    if (kind === 'opened') {
      const group = event.group
      sessions.push({ client, group, begin: t, end, closed: undefined, stalls: [] })
      continue
    }
    const open = sessions.at(-1)
    if (open === undefined || open.closed !== undefined) continue
    if (kind === 'closed') sessions[sessions.length - 1] = closeSession(open, t, event)
    else changeReading(open.stalls, t, event.isStalled, end)
  }
  return byClient
}

function closeSession(open: Session & { stalls: Window[] }, t: Micros, closed: Closed) {
  const stalls = open.stalls.map((stall) => ({ ...stall, end: Math.min(stall.end, t) }))
  return { ...open, end: t, closed, stalls }
}

function changeReading(stalls: Window[], t: Micros, isStalled: boolean, end: Micros): void {
  const last = stalls.at(-1)
  if (isStalled) stalls.push({ begin: t, end })
  else if (last !== undefined) stalls[stalls.length - 1] = { begin: last.begin, end: t }
}

/** Events of several kinds as one list by time; the order of equal times is kept. */
export function merged<L extends readonly (readonly HistoryEvent[])[]>(
  ...lists: L
): L[number][number][] {
  return lists.flat().sort((a, b) => timeOf(a) - timeOf(b))
}

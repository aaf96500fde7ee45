/**
 * Version 1 of the format: all events were tuples, and a file began with no version. What it holds
 * is made into what this version would have written, here and nowhere else.
 */
import type { FaultEffect, FaultEffects, FaultPlace } from './effects.ts'
import type { ColdKind, EventOf, HistoryEvent } from './event.ts'
import { isEvent } from './well-formed.ts'

/** How the line of an end mark began. */
export const markStart1 = '["end",'

/** Kinds that version 1 did not have. */
export type LaterKind = 'alertwatch' | 'alert' | 'notified'

/** What the parts behind kind and time of today's objects were, in their order. */
const parts = {
  dropped: ['count', 'why'],
  aborted: ['partition', 'offset'],
  opened: ['client', 'group'],
  refused: ['group', 'status', 'why'],
  closed: ['client', 'code', 'reason', 'by'],
  stalled: ['client', 'isStalled'],
  page: ['path', 'status', 'body'],
  deadletter: ['fields'],
  fault: ['id', 'step', 'evidence'],
  phase: ['name', 'edge', 'why'],
  process: ['role', 'pid', 'edge', 'code', 'signal'],
  trouble: ['where', 'what'],
  log: ['role', 'line'],
} as const satisfies {
  readonly [K in Exclude<ColdKind, LaterKind>]: readonly (keyof EventOf<K>)[]
}

/** The event of a line of version 1; undefined where it is none. */
export function eventOfVersion1(value: unknown): HistoryEvent | undefined {
  if (!Array.isArray(value)) return undefined
  const event = upgraded(value as readonly unknown[])
  return isEvent(event) ? event : undefined
}

function upgraded(tuple: readonly unknown[]): unknown {
  const [kind, t, ...more] = tuple
  if (typeof kind !== 'string' || !Object.hasOwn(parts, kind)) return tuple
  const names = parts[kind as keyof typeof parts]
  const event = Object.fromEntries([
    ['kind', kind],
    ['t', t],
    ...names.flatMap((name, i) => (i < more.length ? [[name, more[i]]] : [])),
  ]) as Readonly<Record<string, unknown>>
  const today = { ...event, ...renamed(event) }
  const { step, evidence } = event
  if (step !== 'inject' || typeof evidence !== 'object' || evidence === null) return today
  const effects = effectsInVersion1(evidence as Readonly<Record<string, unknown>>)
  return effects === undefined ? today : { ...today, effects }
}

/** Steps of faults and phases that had another name. */
const formerSteps: Readonly<Record<string, string>> = { bites: 'active', toothless: 'ineffective' }
const formerPhases: Readonly<Record<string, string>> = { strike: 'tear-down' }

function renamed({ kind, step, name }: Readonly<Record<string, unknown>>): object {
  const [today, before] = [formerSteps[String(step)], formerPhases[String(name)]]
  if (kind === 'fault' && today !== undefined) return { step: today }
  return kind === 'phase' && before !== undefined ? { name: before } : {}
}

/** What an end mark of version 1 counted. */
export const countsOfVersion1 = (mark: unknown): unknown => (mark as readonly unknown[])[2]

const clientsOrServer = { kafka: 'kafka', redis: 'redis', clients: 'client-link' } as const

/** By the name of a fault of version 1: where it acted, if not on its link, and what it did. */
const named: Readonly<Record<string, readonly [FaultPlace | undefined, ...FaultEffect[]]>> = {
  stall: [undefined, 'slows', 'backs-up', 'severs'],
  bandwidth: [undefined, 'slows', 'backs-up'],
  latency: [undefined, 'slows'],
  cut: [undefined, 'severs'],
  'black-hole': [undefined, 'slows', 'backs-up', 'severs'],
  reset: [undefined],
  failover: ['redis', 'replaces-server'],
  'readers-stop': ['clients', 'slows', 'backs-up'],
  'kill-relay': ['relay', 'ends-relay'],
  'restart-relay': ['relay', 'ends-relay'],
  'pause-relay': ['relay', 'pauses-relay'],
  rebalance: ['consumer-group', 'moves-partitions'],
}

/** What a fault of version 1 did; undefined for one that version 1 did not have. */
export function effectsInVersion1(
  spec: Readonly<Record<string, unknown>>,
): FaultEffects | undefined {
  const row = named[String(spec['fault'])]
  if (row === undefined) return undefined
  const [place, ...does] = row
  const { hop, group } = spec
  const link = Object.hasOwn(clientsOrServer, String(hop))
    ? clientsOrServer[hop as keyof typeof clientsOrServer]
    : 'client-link'
  const on = place ?? link
  return typeof group === 'string' ? { on, group, does } : { on, does }
}

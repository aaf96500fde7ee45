/**
 * What a fault is: how it is injected, what proves that it is active, and how it is healed. Faults
 * know the parts of a run that they may touch and nothing of scenarios, histories or verdicts.
 */
import type { z } from 'zod'
import type { Clock } from '../../relay/world/clock.ts'
import type { Way } from '../stack/ways.ts'
import type { FaultEffects } from '../history/effects.ts'
import type { FleetStatus } from '../fleet/protocol.ts'
import { newProtocolState, type GroupFacts } from '../samplers/lag-truth.ts'
import type { DemotedRedis, Link } from '../stack/stack.ts'
import type { ToxiproxyControl } from '../stack/toxiproxy.ts'
import type { RelayProcess } from '../targets/target.ts'
import type { DrawnFrom } from '../world/dice.ts'
import { identify } from '../world/processes.ts'
import type { UndoLog } from '../world/undo-log.ts'

/** The measurement behind a claim that a fault is active, or healed. */
export type Evidence = Readonly<Record<string, number | string | boolean | null>>

/** Toxiproxy as far as a fault needs it; every call is under a deadline. */
export type ToxicControl = Pick<ToxiproxyControl, 'add' | 'remove' | 'setEnabled' | 'api'>

/** The relay's consumer group, as the rivals of a rebalance see it. */
export interface GroupContext {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly groupId: string
  /** Partitions that the topic has. */
  readonly partitions: number
  /** A member that was killed is waited for so long, and a moment more. */
  readonly settleLimitMs: number
  /** How the group is now; undefined without an answer. */
  facts(): Promise<GroupFacts | undefined>
  /** Partitions that the target's own member holds now; undefined while that is unknown. */
  ownedByTarget(): Promise<readonly number[] | undefined>
}

/** Everything that a fault may touch. */
export interface FaultContext {
  readonly clock: Clock
  /** Aborts when the run must end: nothing waits or measures any longer then. */
  readonly signal: AbortSignal
  readonly toxics: ToxicControl
  readonly undoLog: UndoLog
  readonly relay: RelayProcess | undefined
  readonly group: GroupContext
  /** Undefined where Redis is not ours. */
  readonly failOverRedis?: (() => Promise<DemotedRedis>) | undefined
  link(way: Way): Link
  fleetStatus(): Promise<FleetStatus>
  setReading(group: string, isStalled: boolean): Promise<void>
}

/** A fault that is in place. */
export interface Injected {
  /** Measures until the fault is active; `isActive` is false when it never was. */
  measure(): Promise<{ isActive: boolean; evidence: Evidence }>
  /** Undoes it and proves it; throws when it can't be undone. */
  heal(): Promise<Evidence>
}

/** Whether the relay is ours and has ended: nothing on the way to it can answer any more. */
export const isRelayGone = ({ relay }: FaultContext): boolean =>
  relay !== undefined && identify(relay.pid) === undefined

/** Whether anybody can say who holds what in the target's group: waiting for it has an end. */
export async function isDescribable({ group }: FaultContext): Promise<boolean> {
  return (await group.facts())?.state !== newProtocolState
}

/**
 * A fault: its whole definition. Its name is its key in the registry and the literal of `spec`;
 * types, documents, history events and random schedules are derived from it.
 */
export interface FaultDefinition<S extends { readonly fault: string }> {
  /** What a scenario may say of it. */
  readonly spec: z.ZodType<S>
  /** One sentence for people. */
  says(spec: S): string
  /** What it does to the run, for checkers. */
  effects(spec: S): FaultEffects
  inject(spec: S, context: FaultContext): Promise<Injected>
  /** Whether it is healed as soon as it was active, before the phase begins. */
  isOverAtOnce?(spec: S): boolean
  /** A random one; without it chance never takes this fault. */
  draw?(from: DrawnFrom): S
}

/** Holds a definition to its spec where it is written; returns it unchanged. */
export const defineFault = <S extends { readonly fault: string }>(
  definition: FaultDefinition<S>,
): FaultDefinition<S> => definition

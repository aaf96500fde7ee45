/** Every fault by its name in a scenario. */
import type { z } from 'zod'
import type { InGroups } from '../fleet/group.ts'
import type { FaultEffects } from '../history/effects.ts'
import type { DrawnFrom } from '../world/dice.ts'
import { bandwidth } from './bandwidth.ts'
import { blackHole } from './black-hole.ts'
import { cut } from './cut.ts'
import { failover } from './failover.ts'
import type { FaultDefinition, FaultContext, Injected } from './fault.ts'
import { killRelay } from './kill-relay.ts'
import { latency } from './latency.ts'
import { pauseRelay } from './pause-relay.ts'
import { readersStop } from './readers-stop.ts'
import { rebalance } from './rebalance.ts'
import { reset } from './reset.ts'
import { restartRelay } from './restart-relay.ts'
import { stall } from './stall.ts'

export const faults = {
  stall,
  bandwidth,
  latency,
  cut,
  'black-hole': blackHole,
  reset,
  failover,
  'readers-stop': readersStop,
  'kill-relay': killRelay,
  'pause-relay': pauseRelay,
  'restart-relay': restartRelay,
  rebalance,
}
export type FaultName = keyof typeof faults

type SpecOf<K extends FaultName> = z.infer<(typeof faults)[K]['spec']>
/** What may be broken. Every fault is proven active, and is healed at the end of its phase. */
export type FaultSpec<G extends string = string> = {
  [K in FaultName]: InGroups<SpecOf<K>, G>
}[FaultName]

const definitionOf = (spec: FaultSpec) =>
  faults[spec.fault] as unknown as FaultDefinition<FaultSpec>

/** One sentence on what a fault does. */
export const sayFault = (spec: FaultSpec): string => definitionOf(spec).says(spec)

/** What a fault does to the run. */
export const effectsOf = (spec: FaultSpec): FaultEffects => definitionOf(spec).effects(spec)

/** Whether a fault is healed before its phase begins. */
export const isOverAtOnce = (spec: FaultSpec): boolean =>
  definitionOf(spec).isOverAtOnce?.(spec) ?? false

/** A random fault of a name; undefined where chance never takes it. */
export function drawFault(name: FaultName, from: DrawnFrom): FaultSpec | undefined {
  const definition = faults[name] as unknown as FaultDefinition<FaultSpec>
  return definition.draw?.(from)
}

/** Puts a fault in place; see {@link Injected} for what comes after. */
export const injectFault = (spec: FaultSpec, context: FaultContext): Promise<Injected> =>
  definitionOf(spec).inject(spec, context)

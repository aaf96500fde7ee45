/** Every kind of fault by its name in a scenario. */
import type { FaultSpec } from './spec.ts'
import { failover } from './failover.ts'
import type { FaultKind, FaultStage, Injected } from './fault.ts'
import { linkFaults } from './link-faults.ts'
import { processFaults } from './process-faults.ts'
import { readersStop } from './readers-stop.ts'
import { rebalance } from './rebalance.ts'

export const faultKinds: { readonly [K in FaultSpec['fault']]: FaultKind<K> } = {
  ...linkFaults,
  ...processFaults,
  'readers-stop': readersStop,
  failover,
  rebalance,
}

/** One sentence on what a fault does. */
export function sayFault(spec: FaultSpec): string {
  return (faultKinds[spec.fault] as FaultKind).says(spec)
}

/** Puts a fault in place; see {@link Injected} for what comes after. */
export function injectFault(spec: FaultSpec, stage: FaultStage): Promise<Injected> {
  return (faultKinds[spec.fault] as FaultKind).inject(spec, stage)
}

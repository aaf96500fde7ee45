/** A scenario for one target: its times are numbers now. */
import type { Load } from '../producer/load.ts'
import type { FaultSpec } from '../faults/registry.ts'
import type { Expectation } from '../checkers/registry.ts'
import type { Stimulus } from '../stimuli/registry.ts'

export interface PlannedPhase {
  readonly name: string
  readonly ms: number
  readonly awaitsReplaysMs: number
  readonly awaitsArrivalMs?: number
  readonly load: Load
  readonly prelude: readonly Stimulus[]
  readonly faults: readonly FaultSpec[]
  readonly stimuli: readonly Stimulus[]
  /** Absent in the records of old runs. */
  readonly closing?: readonly Stimulus[]
}

export interface PlannedExpectation {
  readonly finding: string
  readonly expectation: Expectation
}

export interface Plan {
  readonly phases: readonly PlannedPhase[]
  readonly expectations: readonly PlannedExpectation[]
}

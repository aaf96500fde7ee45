/**
 * The words a scenario is written in. A scenario is data: what is claimed, what is sent, what is
 * broken and when, and what must be true of the history. It starts nothing and measures nothing.
 *
 * Times depend on the target's effective configuration, so phases and expectations are functions
 * of `Timing`: the same file runs with short windows on one relay and with fixed ones on another.
 */
import type { Expectation } from '../checkers/registry.ts'
import type { FaultSpec } from '../faults/registry.ts'
import type { FindingId } from '../findings/findings.ts'
import type { ClientGroup } from '../fleet/group.ts'
import type { Load } from '../producer/load.ts'
import type { Stimulus } from '../stimuli/registry.ts'
import type { RelaySettings, Timing } from '../targets/timing.ts'

/** A window of the run. Phases follow one another; `settle` comes last by itself. */
export interface PhaseSpec<G extends string = string, P extends string = string> {
  readonly name: P
  /** How long it lasts, milliseconds. */
  readonly ms: number
  /**
   * And at most so much longer, while a client waits for the end of its replay: a relay is given
   * the time that it may take, and one that is quick ends the phase.
   */
  readonly awaitsReplaysMs?: number
  /**
   * And at most so much longer, until all clients of groups that are there from the start are
   * connected and have what was acknowledged when the phase began.
   */
  readonly awaitsArrivalMs?: number
  /** Load in this window; default is the scenario's own. */
  readonly load?: Partial<Load>
  /** Comes first, before anything is broken. */
  readonly prelude?: readonly Stimulus<G>[]
  readonly faults?: readonly FaultSpec<G>[]
  /** Comes once every fault of the phase was seen to bite; the phase's time runs from there. */
  readonly stimuli?: readonly Stimulus<G>[]
  /** Comes last, while everything that was broken still is. */
  readonly closing?: readonly Stimulus<G>[]
}

/** Expectations by the finding that they answer. */
export type Expected<G extends string = string, P extends string = string> = Readonly<
  Partial<Record<FindingId, readonly Expectation<G, P>[]>>
>

export interface Scenario<G extends string = string, P extends string = string> {
  /** kebab-case, by its claim. Also the name of its file. */
  readonly name: string
  /** One sentence that a relay's owner would sign. */
  readonly claim: string
  readonly suites: readonly ('quick' | 'nightly' | 'soak')[]
  readonly topic: { readonly partitions: number }
  readonly relay: RelaySettings
  readonly load: Load
  readonly fleet: Readonly<Record<G, ClientGroup>>
  readonly phases: (t: Timing) => readonly PhaseSpec<NoInfer<G>, P>[]
  /** What must hold, by the finding it answers. `stream` is added to every scenario by itself. */
  readonly expect: (t: Timing) => Expected<NoInfer<G>, NoInfer<P>>
}

/** Checks a scenario's types where it is written; returns it unchanged. */
export function scenario<const G extends string, const P extends string>(
  spec: Scenario<G, P>,
): Scenario {
  return spec
}

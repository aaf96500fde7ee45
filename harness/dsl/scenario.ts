/**
 * The types of a scenario. A scenario is data: what is claimed, what is sent, what is
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
   * Extends the phase by at most this long while a client waits for the end of its replay: a slow
   * relay gets the time that it may take, and a quick one ends the phase.
   */
  readonly awaitsReplaysMs?: number
  /**
   * Extends the phase by at most this long, until all clients of groups that connect at the start
   * are connected and have every record acknowledged before the phase began.
   */
  readonly awaitsArrivalMs?: number
  /** Load in this window; default is the scenario's own. */
  readonly load?: Partial<Load>
  /** Runs first, before any fault is injected. */
  readonly prelude?: readonly Stimulus<G>[]
  readonly faults?: readonly FaultSpec<G>[]
  /** Runs once every fault of the phase is active; the phase's time counts from there. */
  readonly stimuli?: readonly Stimulus<G>[]
  /** Runs last, while all faults are still active. */
  readonly closing?: readonly Stimulus<G>[]
}

/** Expectations by the finding that they answer. */
export type Expected<G extends string = string, P extends string = string> = Readonly<
  Partial<Record<FindingId, readonly Expectation<G, P>[]>>
>

export interface Scenario<G extends string = string, P extends string = string> {
  /** kebab-case, by its claim. Also the name of its file. */
  readonly name: string
  /** One sentence that the owner of a relay can agree with. */
  readonly claim: string
  readonly suites: readonly ('quick' | 'nightly' | 'soak')[]
  readonly topic: { readonly partitions: number }
  readonly relay: RelaySettings
  /** What is started for this scenario only: Prometheus and Alertmanager, with the alert rules. */
  readonly needs?: { readonly monitoring: true }
  readonly load: Load
  readonly fleet: Readonly<Record<G, ClientGroup>>
  readonly phases: (t: Timing) => readonly PhaseSpec<NoInfer<G>, P>[]
  /** What must hold, by the finding it answers. `stream` is added to every scenario. */
  readonly expect: (t: Timing) => Expected<NoInfer<G>, NoInfer<P>>
}

/** Checks a scenario's types where it is written; returns it unchanged. */
export function scenario<const G extends string, const P extends string>(
  spec: Scenario<G, P>,
): Scenario {
  return spec
}

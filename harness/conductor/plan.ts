/** Turns a scenario into what will happen with one target: phases in ms, expectations as data. */
import type { Expectation } from '../checkers/registry.ts'
import type { ClientGroup } from '../fleet/group.ts'
import type { PhaseSpec, Scenario } from '../dsl/scenario.ts'
import type { RelaySettings, Timing } from '../targets/timing.ts'
import { streamLimits } from './stream-limits.ts'
import { isHonest } from '../stimuli/registry.ts'
import type { PlannedPhase, Plan } from './planned.ts'

/** The finding under which the stream itself is judged in every scenario. */
export const streamFinding = 'stream'

/** Resolves a scenario's times for a target. */
export function planOf(scenario: Scenario, timing: Timing): Plan {
  const phases = scenario.phases(timing).map((phase) => plannedPhase(scenario, phase))
  const limits = streamLimits(scenario, phases, timing)
  const limited = (one: Expectation): Expectation =>
    one.check === 'stream' ? { ...limits, ...one } : one
  const expected = Object.entries(scenario.expect(timing)).flatMap(([finding, expectations]) =>
    (expectations ?? []).map((one) => ({ finding, expectation: limited(one) })),
  )
  const groups = honest(scenario, phases)
  const stream = limited({ check: 'stream', ...groups, ...halting(scenario.relay) })
  return { phases, expectations: [...expected, { finding: streamFinding, expectation: stream }] }
}

/** A hostile client is owed the reaction to its frames, and no stream. */
function honest(
  { fleet }: Scenario,
  phases: readonly PlannedPhase[],
): { groups?: readonly string[] } {
  const isHostile = (name: string) =>
    phases.some(({ stimuli }) =>
      stimuli.some((one) => 'group' in one && one.group === name && !isHonest(one)),
    )
  const all = Object.keys(fleet)
  const groups = all.filter((name) => !isHostile(name))
  return groups.length === all.length ? {} : { groups }
}

/** A relay configured to stop a partition at a malformed record owes nothing after it. */
function halting(relay: RelaySettings): { haltsAtPoison?: true } {
  return relay.kafkaOnDecodeError === 'pause' ? { haltsAtPoison: true } : {}
}

function plannedPhase(scenario: Scenario, phase: PhaseSpec): PlannedPhase {
  return {
    name: phase.name,
    ms: phase.ms,
    awaitsReplaysMs: phase.awaitsReplaysMs ?? 0,
    ...(phase.awaitsArrivalMs !== undefined && { awaitsArrivalMs: phase.awaitsArrivalMs }),
    load: { ...scenario.load, ...phase.load },
    prelude: phase.prelude ?? [],
    faults: phase.faults ?? [],
    stimuli: phase.stimuli ?? [],
    ...(phase.closing && { closing: phase.closing }),
  }
}

/** Groups that are connected before the load starts. */
export function groupsAtStart(scenario: Scenario): readonly (readonly [string, ClientGroup])[] {
  return Object.entries(scenario.fleet).filter(([, group]) => group.joins !== 'later')
}

/**
 * What a scenario and its target allow in the stream checker: which groups read slowly, how much is
 * retained and how much a replay may leave out. Unknown limits are left out.
 */
import { stalledMsFor } from '../checkers/stream/limits.ts'
import type { StreamOptions } from '../checkers/stream/options.ts'
import type { Scenario } from '../dsl/scenario.ts'
import type { Timing } from '../targets/timing.ts'
import type { PlannedPhase } from './planned.ts'

/** Limits for all `stream` expectations of a scenario. */
export function streamLimits(
  scenario: Scenario,
  phases: readonly PlannedPhase[],
  timing: Timing,
): StreamOptions {
  return {
    ...slowGroups(scenario),
    ...waiting(timing),
    ...(isReplayed(scenario, phases) ? replayLimits(scenario, timing) : {}),
    ...(isHeldUp(phases) ? heldUpLimits(timing) : {}),
  }
}

function slowGroups({ fleet }: Scenario): StreamOptions {
  const slow = Object.entries(fleet).filter(([, { reads }]) => reads === 'slow')
  return slow.length > 0 ? { slowGroups: slow.map(([name]) => name) } : {}
}

function waiting({ commitIntervalMs }: Timing): StreamOptions {
  const stalledMs = stalledMsFor(commitIntervalMs)
  return stalledMs === stalledMsFor() ? {} : { stalledMs }
}

/** Whether a client requests a replay, immediately or when it reconnects. */
const isReplayed = ({ fleet }: Scenario, phases: readonly PlannedPhase[]): boolean =>
  Object.values(fleet).some(({ resume, reconnects }) => resume !== undefined || reconnects) ||
  phases.some(({ stimuli }) => stimuli.some(({ stimulus }) => stimulus === 'resume'))

function replayLimits(
  { relay }: Scenario,
  { replayRecordsMax, replayTimeoutMs }: Timing,
): StreamOptions {
  const { replayRecordsPerPartitionMax: retainedRecords } = relay
  return {
    replayTimeoutMs,
    ...(replayRecordsMax !== undefined && { replayRecordsMax }),
    ...(retainedRecords !== undefined && { retainedRecords }),
  }
}

/** Something keeps the relay from delivering for a while; then much comes in a burst. */
const isHeldUp = (phases: readonly PlannedPhase[]): boolean =>
  phases.some(({ faults }) =>
    faults.some((fault) => !('hop' in fault) || fault.hop === 'kafka'),
  )

const heldUpLimits = ({ ringRecordsMax, kafkaSessionTimeoutMs }: Timing): StreamOptions => ({
  ...(ringRecordsMax !== undefined && { ringRecordsMax }),
  ...(kafkaSessionTimeoutMs !== undefined && { sessionTimeoutMs: kafkaSessionTimeoutMs }),
})

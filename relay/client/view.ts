/** Runs as callers see them: values through which the client cannot be changed. */
import type { JsonValue } from '../../proto/canonical-json.ts'
import type { RunFlag } from './flags.ts'
import type { ClientRefusal } from './refusals.ts'
import type { NodeStatus, Run, RunStatus, TimelineEntry } from './run.ts'

/** One run at the moment of the call. `state` is shared: read it, do not write it. */
export interface RunSummary {
  readonly thread: string
  /** The partition that its last record came from. */
  readonly partition: number
  readonly graphName: string
  readonly status: RunStatus
  readonly state: JsonValue
  /** `state` contains every message up to here; 0n while its base is not known. */
  readonly lastAppliedSequence: bigint
  readonly lastSeenSequence: bigint
  /** What may be wrong with the state; empty when it is proven. */
  readonly flags: readonly RunFlag[]
}

/** A run with all that is kept of it. */
export interface RunView extends RunSummary {
  readonly nodes: ReadonlyMap<string, NodeStatus>
  readonly timeline: readonly TimelineEntry[]
  /** How many messages of the run were refused, by reason. */
  readonly refusals: ReadonlyMap<ClientRefusal, number>
}

/** A run in brief. */
export function summaryOf(run: Run): RunSummary {
  return {
    thread: run.thread,
    partition: run.partition,
    graphName: run.graphName,
    status: run.status,
    state: run.state.value,
    lastAppliedSequence: run.chain ?? 0n,
    lastSeenSequence: run.seen,
    flags: [...run.flags],
  }
}

/** The whole view of a run. */
export function viewOf(run: Run): RunView {
  return {
    ...summaryOf(run),
    nodes: new Map(run.nodes.entries()),
    timeline: [...run.timeline],
    refusals: new Map(run.refusals),
  }
}

/** The state at `sequence`. */
export function stateAt(run: Run, sequence: bigint): JsonValue | undefined {
  return run.snapshots.at(sequence)
}

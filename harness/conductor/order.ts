/** What one run is asked to do. */
import type { Scenario } from '../dsl/scenario.ts'
import type { TargetSpec } from '../targets/registry.ts'
import type { Names } from '../stack/kind.ts'
import type { Stack } from '../stack/stack.ts'
import type { ToxicControl } from '../faults/fault.ts'
import type { UndoLog } from '../world/undo-log.ts'
import type { Report } from './progress.ts'

/** What a run is ordered with. */
export interface Order {
  readonly scenario: Scenario
  readonly target: TargetSpec
  readonly seed: string
  /** Folder of this run; made if it is not there. */
  readonly folder: string
  readonly stack: Stack
  readonly toxics: ToxicControl
  readonly undoLog: UndoLog
  /** A `file_sd` file for a Prometheus of the user's, which has the target while the run lasts. */
  readonly targetFile?: string
  readonly report: Report
  /** Aborts when the user wants the run to end. */
  readonly signal: AbortSignal
  /** What a target that runs already reads and joins; all others get names of their own. */
  readonly names?: Names
}

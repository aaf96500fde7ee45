/** What a suite is asked to run. */
import type { Scenario } from '../dsl/scenario.ts'
import type { TargetSpec } from '../targets/registry.ts'
import type { DrawCharts } from '../judge/judged-run.ts'
import type { Names } from '../stack/kind.ts'
import type { Stack } from '../stack/stack.ts'
import type { Report } from './progress.ts'

/** One scenario against one target. */
export interface SuiteItem {
  readonly scenario: Scenario
  readonly target: TargetSpec
  /** The command that repeats this item. */
  readonly reproduce: string
  /** Default is that of the suite. */
  readonly seed?: string
}

/** A suite that has no end of its own: one item after another, as many as fit. */
export interface Endless {
  /**
   * The next item, or undefined where there is no time for another.
   *
   * @param longestMs how long the longest item before took
   */
  next(longestMs: number): SuiteItem | undefined
  /** When the last item should be over, as `clock.nowMs()`; people are told the time until then. */
  readonly untilMs: number
}

export interface SuiteOrder {
  readonly items: readonly SuiteItem[]
  /** What follows after the items. */
  readonly endless?: Endless
  readonly seed: string
  /** Folder of the whole suite; every item gets one of its own in it. */
  readonly folder: string
  readonly stack: Stack
  /** See the same of an order. */
  readonly targetFile?: string
  readonly report: Report
  readonly signal: AbortSignal
  /** What is drawn of every history, while it is there; default nothing. */
  readonly draw?: DrawCharts
  /** What the target reads, where it is one that runs already. */
  readonly names?: Names
}

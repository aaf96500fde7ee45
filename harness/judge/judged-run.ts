/**
 * A run judged from its folder. Its history is read once, for the verdicts and for all that is
 * shown beside them, and then let go: it is the largest thing that a suite holds.
 */
import { join } from 'node:path'
import type { Chart } from '../checkers/checker.ts'
import { readHistory, type History } from '../history/history.ts'
import type { FaultWindow, NamedWindow } from '../history/windows.ts'
import { judge, type RunVerdict } from './judge.ts'
import { historyFolder, type RunRecord } from './record.ts'

/** What a report shows of a history beside its verdicts. */
export interface Excerpt {
  readonly phases: readonly NamedWindow[]
  readonly faults: readonly FaultWindow[]
  /** Charts that every run has; those of its verdicts stand with them. */
  readonly charts: readonly Chart[]
}

export interface JudgedRun {
  readonly verdict: RunVerdict
  readonly excerpt: Excerpt
}

/** Draws what is worth a look in any history. */
export type DrawCharts = (history: History) => readonly Chart[]

const drawNothing: DrawCharts = () => []

/** Judges the run in `folder`. @throws if its history cannot be read */
export function judgeRun(
  folder: string,
  record: RunRecord,
  draw: DrawCharts = drawNothing,
): JudgedRun {
  const history = readHistory(join(folder, historyFolder))
  const { phases, faults } = history
  return { verdict: judge(history, record), excerpt: { phases, faults, charts: draw(history) } }
}

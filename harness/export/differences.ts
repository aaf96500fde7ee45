/**
 * How much the lines of one run differ from those of another: the median and the 99th percentile
 * of each line over time, and their ratios.
 */
import type { Panel } from '../../dashboards/kit/panel.ts'
import type { AnsweredSeries } from '../monitoring/prometheus.ts'
import type { DashboardAnswers } from './ask-dashboard.ts'

/** Of one line over time. */
export interface Levels {
  readonly median: number
  readonly p99: number
}

export interface Difference {
  readonly panel: Panel
  /** The line, by its labels besides the run; empty where the panel has one for each run. */
  readonly line: string
  readonly run: string
  readonly base: Levels
  readonly own: Levels
}

/** Every line of every run that the baseline has too, in the order of the panels. */
export function differencesOf({ panels }: DashboardAnswers, baseline: string): Difference[] {
  return [...panels].flatMap(([panel, answers]) =>
    panel.kind === 'lines'
      ? panel.asks.flatMap(({ legend, isLimit }, at) => {
          if (isLimit === true) return []
          return ofAsk(panel, legend, answers[at] ?? [], baseline)
        })
      : [],
  )
}

function ofAsk(
  panel: Panel,
  legend: string,
  answer: readonly AnsweredSeries[],
  baseline: string,
): Difference[] {
  const lines = answer.map((series) => ({
    run: series.labels['run'] ?? '',
    line: legendText(legend, { ...series.labels, run: '' }).trim(),
    levels: levelsOf(series),
  }))
  return lines.flatMap(({ run, line, levels: own }) => {
    const base = lines.find((one) => one.run === baseline && one.line === line)?.levels
    if (run === baseline || base === undefined || own === undefined) return []
    return [{ panel, line, run, base, own }]
  })
}

/** A legend with the labels of a series in it. */
export const legendText = (legend: string, labels: Readonly<Record<string, string>>): string =>
  legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '')

/** Undefined where a line never had a value. */
export function levelsOf({ values }: AnsweredSeries): Levels | undefined {
  const sorted = values.map(([, value]) => value).filter((value) => Number.isFinite(value))
  sorted.sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
  return { median: at(0.5), p99: at(0.99) }
}

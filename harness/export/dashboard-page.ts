/** Turns the answers to a dashboard into what a page shows: charts, bands and tables. */
import type { DashboardPage, PagePanel } from '../../reports/render/dashboard.ts'
import type { ReportChart, ReportFault } from '../../reports/render/model.ts'
import type { Annotation, Dashboard } from '../../dashboards/kit/dashboard.ts'
import { unitOfPanel, type Ask, type Panel } from '../../dashboards/kit/panel.ts'
import type { AnsweredSeries } from '../monitoring/prometheus.ts'
import type { DashboardAnswers } from './ask-dashboard.ts'
import { differencesOf, legendText } from './differences.ts'
import { changeText, shownUnit, valueText } from './units.ts'

/** A run that is shown. */
export interface ShownRun {
  readonly run: string
  readonly scenario: string
  readonly variant: string
}

/** Behind a number: that of the baseline, and the ratio of the two. */
const against = ['of the baseline', 'ratio']

/** The page of a dashboard. The others are compared with the first run. */
export function dashboardPage(
  dashboard: Dashboard,
  given: DashboardAnswers,
  runs: readonly ShownRun[],
): DashboardPage {
  const [baseline = ''] = runs.map(shownName)
  const answers = renamed(given, runs)
  const charts: ReportChart[] = []
  const sections = dashboard.sections.map(({ title, panels }) => ({
    title,
    panels: Object.values(panels).map((panel) => pagePanel(panel, answers, charts)),
  }))
  // An annotation of a moment has no window: its value is a time, and never 0.
  const windows = dashboard.annotations.filter(({ isTime }) => isTime !== true)
  const faults = windows.flatMap((annotation) => faultsOf(annotation, answers))
  const { fromUnixMs, toUnixMs } = answers.view
  return {
    title: dashboard.title,
    says: dashboard.says,
    runs: {
      heads: ['', 'run', 'scenario'],
      rows: runs.map((one, at) => [shownName(one, at), one.run, one.scenario]),
    },
    endSeconds: (toUnixMs - fromUnixMs) / 1_000,
    charts,
    faults,
    sections,
    differences: {
      heads: ['line', 'run', 'median', ...against, 'p99', ...against],
      rows: differenceRows(answers, baseline),
    },
  }
}

/** Names of runs are long; a letter tells them apart, and their variant what they are. */
const shownName = ({ variant }: ShownRun, at: number): string => `${letterOf(at)} ${variant}`
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const letterOf = (at: number): string => at < letters.length ? letters.charAt(at) : `${at + 1}`

/** The answers with the runs' shown names for their own; a band has room for the letter. */
function renamed(answers: DashboardAnswers, runs: readonly ShownRun[]): DashboardAnswers {
  const places = new Map(runs.map(({ run }, at) => [run, at]))
  const named = (nameAt: (at: number) => string) => (one: AnsweredSeries): AnsweredSeries => {
    const at = places.get(one.labels['run'] ?? '')
    return at === undefined ? one : { ...one, labels: { ...one.labels, run: nameAt(at) } }
  }
  const panels = [...answers.panels].map(([panel, own]) => {
    const nameAt = (at: number) => shownName(runs[at] as ShownRun, at)
    return [panel, own.map((answer) => answer.map(named(nameAt)))] as const
  })
  const annotations = [...answers.annotations].map(
    ([annotation, answer]) => [annotation, answer.map(named(letterOf))] as const,
  )
  return { ...answers, panels: new Map(panels), annotations: new Map(annotations) }
}

type Answer = readonly AnsweredSeries[]

function pagePanel(panel: Panel, answers: DashboardAnswers, charts: ReportChart[]): PagePanel {
  const { title, shows, todo } = panel
  const own = answers.panels.get(panel) ?? []
  const about = { title, shows, todo }
  if (own.every((answer) => answer.length === 0)) {
    return { ...about, kind: 'empty', says: panel.noValue ?? emptyText(panel.asks) }
  }
  if (panel.kind === 'lines') {
    const chart = charts.push(chartOf(panel, own, answers)) - 1
    return { ...about, kind: 'chart', chart }
  }
  if (panel.kind === 'bands') {
    const rows = panel.asks.flatMap(({ legend }, at) =>
      (own[at] ?? []).map((series) => ({
        name: legendText(legend, series.labels),
        spans: spansOf(series, answers),
      })),
    )
    return { ...about, kind: 'bands', isBad: panel.thresholds?.[0]?.level === 'bad', rows }
  }
  return { ...about, ...tableOf(panel, own) }
}

/** Nothing may be what is expected. */
const emptyText = (asks: readonly Ask[]): string =>
  asks.every(({ expect }) => expect === 'absence') ? 'nothing, as it should be' : 'no data'

/** One unit for all lines of a chart; where a line has no value it is broken. */
function chartOf(panel: Panel, own: readonly Answer[], answers: DashboardAnswers): ReportChart {
  const values = own.flat().flatMap((one) => one.values.map(([, v]) => v))
  const highest = Math.max(0, ...finite(values))
  const { name: unit, scale } = shownUnit(unitOfPanel(panel), highest)
  const lines = panel.asks.flatMap(({ legend, isLimit }, at) =>
    (own[at] ?? []).map((series) => ({
      isLimit: isLimit === true,
      name: legendText(legend, series.labels),
      ofAnyRun: legendText(legend, { ...series.labels, run: '' }).replace(/[,\s]+$/, ''),
      series,
    })),
  )
  return {
    title: panel.title,
    unit,
    series: lines
      .filter((line) => !line.isLimit)
      .map(({ name, series }) => ({ name, ...lineOf(series, answers, scale) })),
    limits: [
      ...limitsOf(
        lines.filter((line) => line.isLimit),
        scale,
      ),
      ...(panel.thresholds ?? []).map(({ from, level }) => ({
        name: `${level} from here`,
        v: from * scale,
      })),
    ],
  }
}

interface Limit {
  readonly name: string
  /** Its name without that of the run. */
  readonly ofAnyRun: string
  readonly series: AnsweredSeries
}

/** A limit that several runs share is one line. */
function limitsOf(limits: readonly Limit[], scale: number): ReportChart['limits'] {
  const valueOf = ({ series }: Limit) => Math.min(...finite(series.values.map(([, v]) => v)))
  return [...Map.groupBy(limits, valueOf)].flatMap(([value, own]) => {
    const names = new Set(own.map(({ name, ofAnyRun }) => (own.length > 1 ? ofAnyRun : name)))
    return [...names].map((name) => ({ name, v: value * scale }))
  })
}

function finite(values: readonly number[]): number[] {
  return values.filter((value) => Number.isFinite(value))
}

/** Seconds since the start, with a null for each step without a value. */
function lineOf(
  { values }: AnsweredSeries,
  { view: { fromUnixMs }, stepMs }: DashboardAnswers,
  scale: number,
): { t: number[]; v: (number | null)[] } {
  const t: number[] = []
  const v: (number | null)[] = []
  let due: number | undefined
  for (const [unixSeconds, value] of values) {
    const at = unixSeconds - fromUnixMs / 1_000
    for (; due !== undefined && at > due + stepMs / 2_000; due += stepMs / 1_000) {
      t.push(due)
      v.push(null)
    }
    t.push(at)
    v.push(Number.isFinite(value) ? Number((value * scale).toPrecision(6)) : null)
    due = at + stepMs / 1_000
  }
  return { t, v }
}

/** When a series was above 0: from a step that says so to the next that does not. */
function spansOf(
  { values }: AnsweredSeries,
  { view: { fromUnixMs }, stepMs }: DashboardAnswers,
): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = []
  for (const [unixSeconds, value] of values) {
    if (!(value > 0)) continue
    const from = unixSeconds - fromUnixMs / 1_000
    const to = from + stepMs / 1_000
    const last = spans.at(-1)
    if (last !== undefined && from <= last.to + stepMs / 10_000) last.to = to
    else spans.push({ from, to })
  }
  return spans
}

function faultsOf(annotation: Annotation, answers: DashboardAnswers): ReportFault[] {
  const faults = (answers.annotations.get(annotation) ?? []).flatMap((series) =>
    spansOf(series, answers).map(({ from, to }): ReportFault => ({
      name: legendText(annotation.text, series.labels),
      from,
      to,
      outcome: 'active',
      evidence: [],
    })),
  )
  return faults.toSorted((a, b) => a.from - b.from)
}

function tableOf(panel: Panel, own: readonly Answer[]) {
  const label = panel.kind === 'table' ? panel.rowLabel : undefined
  const rowOf = ({ labels }: AnsweredSeries) => (label === undefined ? '' : (labels[label] ?? ''))
  const rows = [...new Set(own.flatMap((answer) => answer.map(rowOf)))].toSorted()
  const cell = (row: string, at: number) => {
    const [, value] = own[at]?.find((series) => rowOf(series) === row)?.values[0] ?? []
    if (value === undefined) return 'none'
    const unit = panel.unit ?? panel.asks[at]?.query.unit ?? 'short'
    return unit === 'percentunit' ? changeText(value) : valueText(value, unit)
  }
  return {
    kind: 'table',
    table: {
      heads: [label ?? '', ...panel.asks.map(({ legend }) => legend)],
      rows: rows.map((row) => [row, ...panel.asks.map((_, at) => cell(row, at))]),
    },
  } as const
}

function differenceRows(answers: DashboardAnswers, baseline: string): string[][] {
  return differencesOf(answers, baseline).map(({ panel, line, run, base, own }) => {
    const unit = unitOfPanel(panel)
    const name = line === '' ? panel.title : `${panel.title}: ${line}`
    const pair = (level: 'median' | 'p99') => [
      valueText(own[level], unit),
      valueText(base[level], unit),
      ratioText(own[level], base[level]),
    ]
    return [name, run, ...pair('median'), ...pair('p99')]
  })
}

function ratioText(own: number, base: number): string {
  if (own === base) return '1.00'
  return base === 0 ? 'none' : (own / base).toFixed(2)
}

/** Asks a Prometheus every question of a dashboard, as a Grafana would for all that is shown. */
import type { Annotation, Dashboard } from '../../dashboards/kit/dashboard.ts'
import { panelsOf } from '../../dashboards/kit/dashboard.ts'
import type { Panel } from '../../dashboards/kit/panel.ts'
import type { AnsweredSeries, Prometheus } from '../monitoring/prometheus.ts'

/** What is shown, and which values each variable has. */
export interface View {
  readonly fromUnixMs: number
  readonly toUnixMs: number
  /** By the name of a variable. */
  readonly chosen: Readonly<Record<string, readonly string[]>>
}

export interface DashboardAnswers {
  readonly view: View
  readonly stepMs: number
  /** For each panel an answer to each of its asks. */
  readonly panels: ReadonlyMap<Panel, readonly (readonly AnsweredSeries[])[]>
  readonly annotations: ReadonlyMap<Annotation, readonly AnsweredSeries[]>
}

/** A chart of half a screen shows no more points. */
const pointsMax = 600
/** Grafana takes four scrapes at least. */
const stepsOfRate = 4

/** @throws Trouble `prometheus-failed` for a question that is refused or not answered */
export async function askDashboard(
  prometheus: Pick<Prometheus, 'query' | 'queryRange'>,
  dashboard: Dashboard,
  view: View,
): Promise<DashboardAnswers> {
  const { fromUnixMs, toUnixMs } = view
  const least = (dashboard.minStepSeconds ?? 1) * 1_000
  const stepMs = least * Math.max(1, Math.ceil((toUnixMs - fromUnixMs) / least / pointsMax))
  const range = { fromUnixMs, toUnixMs, stepMs }
  const panels = new Map<Panel, (readonly AnsweredSeries[])[]>()
  for (const panel of panelsOf(dashboard)) {
    const answers: (readonly AnsweredSeries[])[] = []
    for (const { query } of panel.asks) {
      const promql = asked(query.promql, view, stepMs)
      const isOverTime = panel.kind === 'lines' || panel.kind === 'bands'
      answers.push(
        isOverTime
          ? await prometheus.queryRange(promql, range)
          : await prometheus.query(promql, toUnixMs),
      )
    }
    panels.set(panel, answers)
  }
  const annotations = new Map<Annotation, readonly AnsweredSeries[]>()
  for (const annotation of dashboard.annotations) {
    const promql = asked(annotation.promql, view, stepMs)
    annotations.set(annotation, await prometheus.queryRange(promql, range))
  }
  return { view, stepMs, panels, annotations }
}

/**
 * A query with its variables replaced, as Grafana does it.
 *
 * @throws Error for a variable that has no value
 */
export function asked(promql: string, view: View, stepMs: number): string {
  const own: Readonly<Record<string, string>> = {
    __rate_interval: `${stepsOfRate * stepMs}ms`,
    __interval: `${stepMs}ms`,
    __range: `${view.toUnixMs - view.fromUnixMs}ms`,
  }
  return promql.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => {
    const value = own[name] ?? view.chosen[name]?.map(inPattern).join('|')
    if (value === undefined) throw new Error(`the variable $${name} has no value in ${promql}`)
    return value
  })
}

/** A text that a pattern within a PromQL string matches as it is. */
const inPattern = (text: string): string =>
  text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\\$&`).replaceAll('"', String.raw`\"`)

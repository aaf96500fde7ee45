/**
 * What a dashboard is, and Grafana's JSON of it. Its uid never changes, as links and alerts use it;
 * its numeric id is Grafana's business; and nobody edits it in the browser, where an edit would be
 * lost at the next start.
 */
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type Dashboard as DashboardJson,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { SeriesRow } from '../metrics/series-row.ts'
import { chosenDatasource, panelJson } from './panel-json.ts'
import type { Panel, Panels } from './panel.ts'
import { queriesOf, type Scope } from './query.ts'

/** A row of the dashboard, from one heading to the next. */
export interface Section {
  readonly title: string
  readonly panels: Panels
}

/** A variable whose values are those of a label. */
export interface LabelVariable {
  /** Also the label's name, unless `label` says otherwise. */
  readonly name: string
  readonly label?: string
  readonly title: string
  /** The series that have the label. */
  readonly of: SeriesRow & { readonly kind: 'gauge' }
  /** The variables before it that limit it. */
  readonly within?: Scope
  /** Whether several values, or all, may be chosen at once. */
  readonly isMulti: boolean
}

/** Something that happened, as a band or a line across all charts. */
export interface Annotation {
  readonly name: string
  readonly promql: string
  /** Distance of two samples that still are one band; Grafana merges none where it is unset. */
  readonly step: string
  readonly title: string
  readonly text: string
  readonly colour: string
  /** The value is the time of what happened, in milliseconds. */
  readonly isTime?: true
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly says: string
  readonly tags: readonly string[]
  readonly from: string
  readonly to: string
  readonly refresh: string
  /** Seconds between two samples, where that is less than the datasource says. */
  readonly minStepSeconds?: number
  /** `utc` where times are made up, so that everybody sees the same. */
  readonly timezone?: 'browser' | 'utc'
  readonly variables: readonly LabelVariable[]
  readonly annotations: readonly Annotation[]
  readonly sections: readonly Section[]
}

const columns = 24
const headingHeight = 1
const heights: Readonly<Record<Panel['kind'], number>> = { stat: 4, lines: 8, bands: 6, table: 7 }

/** All panels of a dashboard. */
export const panelsOf = ({ sections }: Dashboard): Panel[] =>
  sections.flatMap(({ panels }) => Object.values(panels))

/** The page of a panel alone, from the root of Grafana. */
export const panelPath = ({ uid }: Dashboard, { id }: Panel): string =>
  `/d/${uid}?viewPanel=${id}`

export function dashboardJson(dashboard: Dashboard): DashboardJson {
  const { uid, title, says, tags, from, to, refresh, timezone = 'browser' } = dashboard
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .id(null)
    .description(says)
    .tags([...tags])
    .timezone(timezone)
    .readonly()
    .refresh(refresh)
    .time({ from, to })
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Datasource').type('prometheus'),
      ...dashboard.variables.map(variableJson),
    ])
    .annotations(dashboard.annotations.map(annotationJson))
  placeAll(builder, dashboard)
  return builder.build()
}

/** From left to right, and below where the next does not fit. */
function placeAll(builder: DashboardBuilder, dashboard: Dashboard): void {
  const { sections, minStepSeconds } = dashboard
  const minStep = minStepSeconds === undefined ? undefined : `${minStepSeconds}s`
  let y = 0
  for (const [index, { title, panels }] of sections.entries()) {
    builder.withRow(
      new RowBuilder(title)
        .id(headingIds + index)
        .gridPos({ x: 0, y, w: columns, h: headingHeight }),
    )
    y += headingHeight
    let [x, lowest] = [0, y]
    for (const panel of Object.values(panels)) {
      if (x + panel.width > columns) [x, y] = [0, lowest]
      const place = { x, y, w: panel.width, h: heights[panel.kind] }
      builder.withPanel({ build: () => panelJson(panel, place, minStep) })
      x += panel.width
      lowest = Math.max(lowest, y + place.h)
    }
    y = lowest
  }
}
/** Headings are panels to Grafana; ids of ours are below. */
const headingIds = 1_000

function variableJson({ name, label = name, title, of, within, isMulti }: LabelVariable) {
  const query = `label_values(${queriesOf(within ?? {}).gauge(of).promql}, ${label})`
  const builder = new QueryVariableBuilder(name)
    .label(title)
    .datasource(chosenDatasource)
    .query({ query, refId: `Variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(isMulti)
    .includeAll(isMulti)
  // `.*` also takes series without the label: a relay in production has no `run`.
  return isMulti ? builder.allValue('.*') : builder
}

function annotationJson({ name, promql, step, title, text, colour, isTime }: Annotation) {
  const builder = new AnnotationQueryBuilder()
    .name(name)
    .datasource(chosenDatasource)
    .enable(true)
    .iconColor(colour)
    .expr(promql)
    .step(step)
    .titleFormat(title)
    .textFormat(text)
  return isTime === true ? builder.useValueForTime(true) : builder
}

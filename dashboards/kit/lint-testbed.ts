/**
 * What a dashboard's JSON must hold so that Grafana shows it right, an operator understands it, and
 * a relay that is dead never looks well. It reads the printed JSON, not the rows it is made of: a
 * mistake of the kit is found too.
 */
import { answerLabels, lintPromql } from './lint-promql-testbed.ts'

interface Ref {
  readonly uid?: string
}
interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat?: string
  readonly instant?: boolean
  readonly datasource?: Ref
}
interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}
interface Defaults {
  readonly unit?: string
  readonly noValue?: string
  readonly thresholds?: { readonly steps: readonly unknown[] }
}
interface PanelJson {
  readonly id: number
  readonly type: string
  readonly title?: string
  readonly description?: string
  readonly datasource?: Ref
  readonly gridPos: Place
  readonly targets?: readonly Target[]
  readonly fieldConfig?: { readonly defaults: Defaults }
}
interface Variable {
  readonly type: string
  readonly name: string
  readonly query: string | { readonly query: string }
  readonly datasource?: Ref
  readonly refresh?: number
}
interface AnnotationJson {
  readonly name: string
  readonly expr: string
  readonly step?: string
  readonly datasource?: Ref
}
/** The parts of Grafana's JSON that are looked at. */
export interface DashboardJson {
  readonly id: number | null
  readonly uid?: string
  readonly title?: string
  readonly editable: boolean
  readonly refresh?: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly AnnotationJson[] }
  readonly panels: readonly PanelJson[]
}

/** What Grafana 10 to 13 read from files. */
const schemaVersion = 42
const datasourceRef = '${datasource}'
const onTimeRangeChange = 2

/** All that is wrong, each with its place. */
export function lintDashboard(json: DashboardJson): string[] {
  const panels = json.panels.filter(({ type }) => type !== 'row')
  return [
    ...lintFrame(json),
    ...json.templating.list.flatMap(lintVariable),
    ...json.annotations.list.flatMap(lintAnnotation),
    ...panels.flatMap((panel) => lintPanel(panel, json)),
    ...twice('id', json.panels.map(({ id }) => String(id))),
    ...twice('title', panels.map(({ title }) => title ?? '')),
    ...overlaps(json.panels),
  ]
}

function lintFrame(json: DashboardJson): string[] {
  const text = JSON.stringify(json)
  const has = (name: string) => json.templating.list.some((one) => one.name === name)
  return [
    ...found(!/^[\w-]{8,40}$/.test(json.uid ?? ''), 'no stable uid of 8 to 40 characters'),
    ...found(json.id !== null, 'a numeric id, which is another one in every Grafana'),
    ...found(json.editable, 'editable: the next start would lose the edits'),
    ...found((json.refresh ?? '') === '', 'no refresh'),
    ...found(json.schemaVersion !== schemaVersion, `schema ${json.schemaVersion}`),
    ...found(text.includes('__inputs') || text.includes('${DS_'), 'an input that files never get'),
    ...found(!has('datasource'), 'no datasource variable'),
  ]
}

function lintVariable({ type, name, query, datasource, refresh }: Variable): string[] {
  const at = `variable ${name}: `
  if (type === 'datasource') return found(query !== 'prometheus', `${at}not of Prometheus`)
  const asked = typeof query === 'string' ? query : query.query
  const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(asked) ?? []
  return [
    ...found(datasource?.uid !== datasourceRef, `${at}datasource is not the variable`),
    ...found(refresh !== onTimeRangeChange, `${at}not refreshed with the time range`),
    ...found(series === '', `${at}not the values of a label`),
    ...lintPromql(series).map((says) => at + says),
    ...found(!answerLabels(series).has(label), `${at}no label ${label} of ${series}`),
  ]
}

function lintAnnotation({ name, expr, step, datasource }: AnnotationJson): string[] {
  const at = `annotation ${name}: `
  return [
    ...found(step === undefined || step === '', `${at}no step, so no band is ever merged`),
    ...found(datasource?.uid !== datasourceRef, `${at}datasource is not the variable`),
    ...lintPromql(expr).map((says) => `${at}${says}`),
  ]
}

function lintPanel(panel: PanelJson, json: DashboardJson): string[] {
  const { title = '', description = '', targets = [], fieldConfig, datasource } = panel
  const at = `panel ${panel.id} "${title}": `
  const { unit = '', thresholds, noValue = '' } = fieldConfig?.defaults ?? {}
  const isStat = panel.type === 'stat'
  const isOld = isStat && targets.some(({ instant }) => instant !== true)
  const variables = new Set(json.templating.list.map(({ name }) => name))
  return [
    ...found(title.trim() === '', 'no title'),
    ...found(!/\*\*What to do:\*\* \S/.test(description), 'no description that says what to do'),
    ...found(unit === '', 'no unit'),
    ...found(thresholds === undefined || thresholds.steps.length === 0, 'no thresholds'),
    ...found(targets.length === 0, 'no query'),
    ...found(isOld, 'not asked for now: the last value would outlive its relay'),
    ...found(isStat && noValue === '', 'no word for an answer that is missing'),
    ...found(datasource?.uid !== datasourceRef, 'datasource is not the variable'),
    ...targets.flatMap((target) => lintTarget(target, variables)),
  ].map((says) => at + says)
}

function lintTarget({ refId, expr, legendFormat = '', datasource }: Target, all: Set<string>) {
  const used = [...expr.matchAll(/\$\{?(?!__)(\w+)/g)].map((match) => match[1] ?? '')
  const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '')
  const labels = answerLabels(expr)
  return [
    ...found(datasource?.uid !== datasourceRef, 'datasource is not the variable'),
    ...found(legendFormat === '', 'no legend'),
    ...used.filter((name) => !all.has(name)).map((name) => `no variable ${name}`),
    ...named.filter((name) => !labels.has(name)).map((name) => `no label ${name} in the answer`),
    ...lintPromql(expr),
  ].map((says) => `${refId}: ${says}`)
}

const found = (isWrong: boolean, says: string): string[] => (isWrong ? [says] : [])

const twice = (what: string, all: readonly string[]): string[] =>
  all.filter((one, at) => all.indexOf(one) !== at).map((one) => `${what} "${one}" twice`)

function overlaps(panels: readonly PanelJson[]): string[] {
  const cover = (a: Place, b: Place) =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
  return panels.flatMap(({ gridPos, id }, at) => [
    ...found(gridPos.x + gridPos.w > 24, `panel ${id} is wider than the page`),
    ...panels
      .slice(at + 1)
      .filter((other) => cover(gridPos, other.gridPos))
      .map((other) => `panels ${id} and ${other.id} overlap`),
  ])
}

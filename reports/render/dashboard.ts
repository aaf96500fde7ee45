/**
 * The page of a dashboard that was asked of a Prometheus and drawn by us: the same charts as in a
 * report, with the windows of faults as bands. No Grafana takes part in it, and the page says so.
 */
import { chartFigure, drawnOf, type Drawn } from './chart-figure.ts'
import { htmlPage, type PageAssets } from './html-page.ts'
import { text } from './markup.ts'
import type { ReportChart, ReportFault } from './model.ts'

export interface PageTable {
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A row of bands, in seconds since the start. */
export interface BandRow {
  readonly name: string
  readonly spans: readonly { readonly from: number; readonly to: number }[]
}

export type PagePanel = {
  readonly title: string
  readonly shows: string
  readonly todo: string
} & (
  | { readonly kind: 'chart'; readonly chart: number }
  | { readonly kind: 'bands'; readonly isBad: boolean; readonly rows: readonly BandRow[] }
  | { readonly kind: 'table'; readonly table: PageTable }
  | { readonly kind: 'empty'; readonly says: string }
)

export interface DashboardPage {
  readonly title: string
  readonly says: string
  /** Which runs are shown, the baseline first. */
  readonly runs: PageTable
  readonly endSeconds: number
  readonly charts: readonly ReportChart[]
  /** Bands of all charts. */
  readonly faults: readonly ReportFault[]
  readonly sections: readonly { readonly title: string; readonly panels: readonly PagePanel[] }[]
  /** Each line against the same line of the baseline. */
  readonly differences: PageTable
}

/** The page, which needs no network. */
export function renderDashboard(page: DashboardPage, assets: PageAssets): string {
  const drawn = drawnBy(page)
  const body = `<header><h1>${text(page.title)}</h1>
<p class="claim">${text(page.says)}</p>
<p class="soft">The answers of a Prometheus to the queries of this dashboard, drawn without Grafana.
Times are seconds since the first phase of each run began.</p>
</header>
<main>
<section><h2>Runs</h2>${tableHtml(page.runs)}${faultsHtml(page.faults)}</section>
${page.sections.map((section) => sectionHtml(section, page, drawn)).join('\n')}
${differencesHtml(page.differences)}
</main>`
  return htmlPage({ title: page.title, body, charts: [drawnOf(drawn)] }, assets)
}

const drawnBy = ({ charts, faults }: DashboardPage) => ({
  charts,
  faults,
  phases: [],
  expectations: [],
})

function sectionHtml(
  { title, panels }: DashboardPage['sections'][number],
  { endSeconds }: DashboardPage,
  drawn: Drawn,
): string {
  const narrow = panels.filter(({ kind }) => kind === 'chart' || kind === 'empty')
  const wide = panels.filter((panel) => !narrow.includes(panel))
  const figures = narrow.map((panel) => panelHtml(panel, endSeconds, drawn))
  return `<section><h2>${text(title)}</h2>
${wide.map((panel) => panelHtml(panel, endSeconds, drawn)).join('\n')}
${figures.length === 0 ? '' : `<div class="charts">${figures.join('\n')}</div>`}
</section>`
}

function panelHtml(panel: PagePanel, endSeconds: number, drawn: Drawn): string {
  const hint = `<p class="soft hint">${text(panel.shows)} ${text(panel.todo)}</p>`
  if (panel.kind === 'chart') {
    // The faults stand once above, not below each chart.
    return `<div>${chartFigure({ ...drawn, faults: [] }, 0, panel.chart)}${hint}</div>`
  }
  if (panel.kind === 'empty') {
    const title = `<figcaption>${text(panel.title)}</figcaption>`
    return `<div><figure class="chart">${title}<p>${text(panel.says)}</p></figure>${hint}</div>`
  }
  const inside =
    panel.kind === 'table' ? tableHtml(panel.table) : bandsHtml(panel.rows, panel.isBad, endSeconds)
  return `<h4>${text(panel.title)}</h4>${inside}${hint}`
}

/** Bands in the charts have these numbers. */
function faultsHtml(faults: readonly ReportFault[]): string {
  if (faults.length === 0) return '<p class="soft">No faults.</p>'
  const rows = faults.map(({ name, from, to }, at) => [
    String(at + 1),
    name,
    `${from.toFixed(0)}–${to.toFixed(0)} s`,
  ])
  return `<h4>Faults</h4>${tableHtml({ heads: ['', 'fault', 'when'], rows })}`
}

const isNumber = (cell: string) => /^[+−-]?\d[\d,.]*(?: \S{1,9})?$|^none$/.test(cell)

/** Columns of numbers are aligned as such. */
function tableHtml({ heads, rows }: PageTable): string {
  const numeric = heads.map((_, at) => rows.every((row) => isNumber(row[at] ?? '')))
  const cells = (tag: 'th' | 'td', all: readonly string[]) =>
    all
      .map((one, at) => {
        const kind = numeric[at] === true ? 'number' : at === 0 ? 'name' : ''
        return `<${tag} class="${kind}">${text(one)}</${tag}>`
      })
      .join('')
  return `<div class="wide"><table><thead><tr>${cells('th', heads)}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}</tbody></table></div>`
}

function differencesHtml(table: PageTable): string {
  if (table.rows.length === 0) return ''
  return `<section id="differences"><h2>Each line against the baseline</h2>
<p class="soft">Median and 99th percentile of each line over time, and their ratio to the same line
of the baseline. One pair of runs is no proof: two equal runs differ too.</p>
${tableHtml(table)}</section>`
}

const rowHeight = 34
const barHeight = 12
const tickHeight = 18
const tickCount = 6

/** Bars over one time axis; each has its name above it. */
function bandsHtml(rows: readonly BandRow[], isBad: boolean, endSeconds: number): string {
  const percent = (seconds: number) => `${((100 * seconds) / endSeconds).toFixed(2)}%`
  const bars = rows.map(({ name, spans }, at) => {
    const y = at * rowHeight
    const all = spans.map(({ from, to }) => {
      const width = percent(Math.min(to, endSeconds) - from)
      const says = `${name}, ${from.toFixed(1)}–${to.toFixed(1)} s`
      return `<rect class="on" x="${percent(from)}" y="${y + 18}" width="${width}"
 height="${barHeight}"><title>${text(says)}</title></rect>`
    })
    return `<text x="0" y="${y + 13}">${text(name)}</text>
<rect x="0" y="${y + 18}" width="100%" height="${barHeight}"></rect>${all.join('')}`
  })
  const bottom = rows.length * rowHeight + tickHeight
  const ticks = Array.from({ length: tickCount }, (_, at) => {
    const seconds = (endSeconds * at) / tickCount
    const place = `x="${percent(seconds)}" y="${bottom - 4}"`
    return `<text class="tick" ${place}>${seconds.toFixed(0)} s</text>`
  })
  return `<svg class="bands${isBad ? ' bad' : ''}" width="100%" height="${bottom}" role="img"
 aria-label="bands over time">${bars.join('\n')}${ticks.join('')}</svg>`
}

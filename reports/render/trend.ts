/**
 * The page of many nights: one HTML file that needs no network. For each machine the nights, what
 * did not always pass first, and charts over the nights, drawn by the script of the report's page.
 */
import { chartFigure } from './chart-figure.ts'
import { htmlPage, type PageAssets } from './html-page.ts'
import { badge, many, text, verdictWords } from './markup.ts'
import type { Outcome } from './night.ts'
import type {
  ChartGroup,
  MachineTrend,
  TrendPage,
  TrendRow,
  TrendTable,
} from './trend-model.ts'

/** @param assets those of the report's page, with the style of this one */
export function renderTrend(page: TrendPage, assets: PageAssets): string {
  const count = page.machines.reduce((sum, { nights }) => sum + nights.length, 0)
  const drawn = page.machines.map(({ groups, nights }) => ({
    charts: groups.flatMap(({ charts }) => charts),
    phases: [],
    faults: [],
    signs: [],
    labels: nights.map(({ label }) => label),
  }))
  const body = `<header class="${page.machines.at(-1)?.nights.at(-1)?.verdict ?? 'unknown'}">
<h1>${many(count, 'night')} on ${many(page.machines.length, 'machine')}</h1>
<p>A rate counts what could not be judged as not passed, and leaves out what was not run or does
not apply. Behind it stands the interval in which the true rate lies in 95 of 100 cases (Wilson).
</p>
${legend}
${troubles(page.troubles)}
</header>
<main>
${page.machines.map(machineSection).join('\n')}
</main>`
  return htmlPage({ title: many(count, 'night'), body, charts: drawn }, assets)
}

const words: Readonly<Record<Outcome, string>> = { ...verdictWords, 'not-run': 'not run' }
const shown = ['pass', 'fail', 'unknown', 'not-applicable', 'not-run'] as const
const legend = `<p class="strip-legend">${shown
  .map((one) => `<span class="strip"><i class="${one}"></i></span> ${words[one]}`)
  .join(' ')}</p>`

function troubles(all: readonly string[]): string {
  if (all.length === 0) return ''
  const rows = all.map((one) => `<li>${text(one)}</li>`)
  return `<div class="trouble">Left out:<ul>${rows.join('')}</ul></div>`
}

function machineSection(trend: MachineTrend, place: number): string {
  const { machine, nights, tables, notes, groups } = trend
  const [first, last] = [nights[0], nights.at(-1)]
  const span = nights.length === 1 ? first?.label : `${first?.label} to ${last?.label}`
  let from = 0
  const figures = groups.map((group) => {
    const html = groupOf(trend, place, group, from)
    from += group.charts.length
    return html
  })
  return `<section>
<h2>${text(machine)} <small>${many(nights.length, 'night')}, ${text(span ?? '')}</small></h2>
${notes.map((note) => `<p class="soft">${text(note)}</p>`).join('')}
${figures.join('\n')}
${tables.map((table) => tableOf(table, nights)).join('\n')}
${nightTable(trend)}
</section>`
}

function groupOf(
  { groups }: MachineTrend,
  place: number,
  { title, isFolded, charts }: ChartGroup,
  from: number,
): string {
  const all = { charts: groups.flatMap((one) => one.charts), expectations: [], faults: [] }
  const figures = charts.map((_, index) => chartFigure(all, place, from + index)).join('\n')
  const box = `<div class="charts">${figures}</div>`
  if (!isFolded) return box
  return `<details class="fold"><summary><h3>${text(title)}</h3>
<small>${many(charts.length, 'chart')}</small></summary>${box}</details>`
}

function tableOf({ title, says, numbers, rows }: TrendTable, nights: MachineTrend['nights']) {
  const isWhole = rows.every(({ count, of }) => count === of)
  const last = numbers === '' ? '' : `<th>${text(numbers)}</th>`
  const body = rows.map((row) => rowOf(row, nights, numbers !== '')).join('\n')
  return `<details class="fold"${isWhole ? '' : ' open'}><summary><h3>${text(title)}</h3>
<small>${text(says)}</small></summary>
<div class="wide"><table class="trend"><thead><tr><th>name</th><th class="number">rate</th>
<th class="number">95 %</th><th>nights</th>${last}</tr></thead>
<tbody>${body}</tbody></table></div></details>`
}

function rowOf(row: TrendRow, nights: MachineTrend['nights'], hasNumbers: boolean): string {
  const { name, says, count, of, interval, strip, numbers } = row
  const rate = of === 0 ? '–' : `${percent(count / of)} <small>${count} of ${of}</small>`
  const range = of === 0 ? '' : interval.map(percent).join(' – ')
  return `<tr><td class="id" title="${text(says)}">${text(name)}</td>
<td class="number">${rate}</td><td class="number soft">${range}</td>
<td>${stripOf(strip, nights)}</td>${hasNumbers ? `<td>${text(numbers)}</td>` : ''}</tr>`
}

/** A square for each night; its words are in its title and, of all of them, for who hears them. */
function stripOf(strip: TrendRow['strip'], nights: MachineTrend['nights']): string {
  if (strip.length === 0) return ''
  const squares = strip.map((outcome, night) => {
    const says = `${nights[night]?.label ?? ''}: ${outcome === undefined ? '–' : words[outcome]}`
    return `<i class="${outcome ?? 'none'}" title="${text(says)}"></i>`
  })
  const counts = shown
    .map((one) => [strip.filter((outcome) => outcome === one).length, words[one]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
  const label = `role="img" aria-label="${counts.join(', ')}"`
  return `<span class="strip" ${label}>${squares.join('')}</span>`
}

const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`

function nightTable({ nights }: MachineTrend): string {
  const rows = nights.toReversed().map(
    ({ label, startedAt, version, verdict, says }) => `<tr><td>${badge(verdict)}</td>
<td title="${text(startedAt)}">${text(label)}</td><td>${text(says)}</td>
<td><code>${text(version.replace(/^([\da-f]{10})[\da-f]+/, '$1'))}</code></td></tr>`,
  )
  return `<details class="fold"><summary><h3>Nights</h3> <small>the last one first</small></summary>
<div class="wide"><table class="trend"><thead><tr><th>verdict</th><th>night</th><th>of it</th>
<th>version</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div></details>`
}

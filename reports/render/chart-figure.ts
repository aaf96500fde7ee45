/**
 * A chart's figure in the page, with its legend: lines, limits, and the faults with their times.
 * The page's script draws into it; the legend works without scripts.
 */
import { amount, duration, text } from './markup.ts'
import type { ReportChart, ReportFault, ReportScenario } from './model.ts'

/** Number of line colours in the style sheet; further lines repeat them, dashed. */
export const colourCount = 8

/** Further names are in the table of faults only. */
const faultsShownMax = 5

/** What is drawn, and over what: of a scenario, or of something else that has charts. */
export type Drawn = Pick<ReportScenario, 'charts' | 'faults' | 'expectations'>

/** The figure of a chart of the scenario at `place`. */
export function chartFigure(scenario: Drawn, place: number, index: number): string {
  const chart = scenario.charts[index]
  if (chart === undefined) return ''
  const { title, unit } = chart
  const says = unit === 'count' ? text(title) : `${text(title)} <small>${text(unit)}</small>`
  return `<figure class="chart" data-chart="${place}.${index}">
<figcaption>${says}</figcaption>
<div class="plot" role="img" aria-label="${text(title)}"></div>
<ul class="legend">${legend(scenario, chart).join('')}</ul>
</figure>`
}

function legend(scenario: Drawn, { series, limits, unit }: ReportChart): string[] {
  const signs = scenario.expectations.some(({ seenAt }) => seenAt !== undefined)
  return [
    ...series.map(
      ({ name }, at) =>
        `<li class="line s${at % colourCount}${at < colourCount ? '' : ' dashed'}">` +
        `<i></i>${text(name)} <output></output></li>`,
    ),
    ...limits.map(
      ({ name, v }) => `<li class="limit"><i></i>${text(`${name}: ${amount(v, unit)}`)}</li>`,
    ),
    ...(signs ? ['<li class="sign"><i></i>first sign of a failure</li>'] : []),
    ...faultNames(activeFaults(scenario)),
  ]
}

function faultNames(faults: readonly NumberedFault[]): string[] {
  const shown = faults.slice(0, faultsShownMax).map(({ number, name, from, to }) => {
    const when = `${from.toFixed(1)}–${to.toFixed(1)} s`
    return `<li class="fault"><i>${number}</i>${text(name)} (${when})</li>`
  })
  const left = faults.length - shown.length
  return left > 0 ? [...shown, `<li class="fault">and ${left} more faults</li>`] : shown
}

export interface NumberedFault extends ReportFault {
  /** As in the table of faults. */
  readonly number: number
}

/** Faults that had an effect: only those are bands. */
export const activeFaults = ({ faults }: Pick<Drawn, 'faults'>): NumberedFault[] =>
  faults
    .map((fault, index) => ({ ...fault, number: index + 1 }))
    .filter(({ outcome }) => outcome === 'active')

/** What the script draws of a scenario. */
export const drawnOf = (scenario: Drawn & Pick<ReportScenario, 'phases'>) => ({
  charts: scenario.charts,
  phases: scenario.phases,
  faults: activeFaults(scenario).map(({ number, name, from, to }) => ({ number, name, from, to })),
  signs: scenario.expectations.flatMap(({ seenAt }) => seenAt ?? []),
})

/** The table of all faults, with the measurement of their effect. */
export function faultTable({ faults }: ReportScenario): string {
  if (faults.length === 0) return ''
  const rows = faults.map(
    (fault, index) => `<tr><td class="number">${index + 1}</td>
<td>${text(fault.name)}</td><td>${outcomes[fault.outcome]}</td>
<td class="number">${fault.from.toFixed(1)}–${fault.to.toFixed(1)} s</td>
<td>${fault.evidence.map(([name, value]) => `${text(name)} ${text(value)}`).join(' · ')}</td></tr>`,
  )
  return `<h4>Faults</h4>
<div class="wide"><table class="faults"><thead><tr><th></th><th>fault</th><th>effect</th>
<th class="number">when</th><th>measured</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

const outcomes: Readonly<Record<ReportFault['outcome'], string>> = {
  active: 'active',
  'had no effect': 'had no effect',
  failed: 'could not be injected',
}

/** When a failure was first visible, beside its sentence. */
export const whenSeen = (seenAt: number | undefined): string =>
  seenAt === undefined ? '' : ` · first visible at ${duration(seenAt)}`

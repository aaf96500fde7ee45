/**
 * A scenario in the page. A passed one is folded; in others each failed check shows its sentence,
 * its first witness and the charts that matter for it.
 */
import { chartFigure, faultTable, whenSeen } from './chart-figure.ts'
import { badge, duration, facts, findingAnchor, fix, gravity, many, text } from './markup.ts'
import type {
  Fact,
  ReportAnomaly,
  ReportExpectation,
  ReportScenario,
  ReportTestimony,
} from './model.ts'

/** A scenario's position in the report, and its anchor. */
export interface Place {
  readonly index: number
  readonly anchor: string
  /** Errors shown at the head of the page, for all scenarios. */
  readonly shared: ReadonlySet<string>
  /** Whether the report is of more targets than one. */
  readonly hasTargets: boolean
}

export function scenarioSection(given: ReportScenario, place: Place): string {
  const scenario = { ...given, expectations: given.expectations.toSorted(byGravity) }
  const { name, verdict, claim, target, tookSeconds } = scenario
  const isOpen = (verdict === 'fail' || verdict === 'unknown') && hasOwn(scenario, place)
  const about = place.hasTargets ? `${text(target)} · ` : ''
  return `<details class="scenario ${verdict}" id="${place.anchor}" data-verdict="${verdict}"
 data-findings="${text(findingsOf(scenario).join(' '))}"${isOpen ? ' open' : ''}>
<summary><h3>${badge(verdict)} ${text(name)}</h3>
<small>${about}${duration(tookSeconds)}</small>
<p class="claim">${text(claim)}</p></summary>
${body(scenario, place)}
</details>`
}

/** Whether there is more to see than at the head of the page. */
const hasOwn = ({ expectations, troubles }: ReportScenario, { shared }: Place): boolean =>
  expectations.length > 0 || troubles.some((one) => !shared.has(one))

const byGravity = (a: ReportExpectation, b: ReportExpectation) =>
  gravity.indexOf(a.verdict) - gravity.indexOf(b.verdict)

const findingsOf = ({ expectations }: ReportScenario): string[] => [
  ...new Set(expectations.map(({ finding }) => finding.replaceAll(/\s/g, '_'))),
]

function body(scenario: ReportScenario, place: Place): string {
  const { mistake, smaller, expectations } = scenario
  return [
    mistake === undefined ? '' : `<p>Mistake put back on purpose: <b>${text(mistake)}</b>.</p>`,
    smaller === undefined ? '' : `<p>${text(smaller.says)}${repeat(smaller.reproduce)}</p>`,
    troubleBox(scenario.troubles.filter((one) => !place.shared.has(one))),
    testimony(scenario.testimony),
    ...expectations.map((one, at) => expectation(one, scenario, place, at)),
    charts(scenario, place),
    faultTable(scenario),
    configuration(scenario),
    records(scenario),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

const repeat = (command: string | undefined): string =>
  command === undefined ? '' : ` Repeat with <code>${text(command)}</code>`

export function troubleBox(troubles: readonly string[]): string {
  if (troubles.length === 0) return ''
  const items = [...new Set(troubles)].map((trouble) => `<li>${text(trouble)}</li>`).join('')
  return `<div class="trouble"><b>Not judged, and why</b><ul>${items}</ul></div>`
}

const isOpenCase = ({ verdict }: ReportExpectation) => verdict === 'fail' || verdict === 'unknown'

function expectation(
  one: ReportExpectation,
  scenario: ReportScenario,
  place: Place,
  at: number,
): string {
  const { finding, verdict, check, why, rule, observations } = one
  const counted = observations === '' ? '' : ` · ${text(observations)}`
  return `<details class="expectation ${verdict}" id="${anchorOf(scenario, place, at)}"
 data-verdict="${verdict}"${isOpenCase(one) ? ' open' : ''}>
<summary>${badge(verdict)} <b>${text(finding)}</b> <span class="why">${text(why)}</span></summary>
<p><small>check <code>${text(check)}</code>, rule <code>${text(rule)}</code>${counted}
${whenSeen(one.seenAt)}</small></p>
${fix(one.fix)}
${witnesses(one.anomalies)}
${isOpenCase(one) ? figures(scenario, place, shownFirst(scenario, at)) : ''}
${facts(one.evidence)}
</details>`
}

/** The first check of a finding, which is the worst, has the anchor that the table links to. */
function anchorOf({ expectations }: ReportScenario, { anchor }: Place, at: number): string {
  const own = expectations[at]?.finding ?? ''
  const before = expectations.slice(0, at).filter(({ finding }) => finding === own).length
  const first = findingAnchor(anchor, own)
  return before === 0 ? first : `${first}-${before + 1}`
}

/** Charts of a check that no check before it shows already. */
function shownFirst({ expectations }: ReportScenario, at: number): number[] {
  const before = new Set(expectations.slice(0, at).filter(isOpenCase).flatMap((one) => one.charts))
  return (expectations[at]?.charts ?? []).filter((chart) => !before.has(chart))
}

/** The page must stay readable and fast with any witness. */
const witnessCharsMax = 4_000

function witnesses(anomalies: readonly ReportAnomaly[]): string {
  const [first, ...rest] = anomalies.map(anomaly)
  if (first === undefined) return ''
  const folded = `<details><summary>${many(rest.length, 'more anomaly kind')}</summary>`
  return first + (rest.length === 0 ? '' : `${folded}${rest.join('\n')}</details>`)
}

function anomaly(one: ReportAnomaly): string {
  const witness = one.shown.map(event).join('\n')
  const head = `<b>${text(one.kind)}</b> × ${one.count.toLocaleString('en')}: ${text(one.says)}`
  return `<div class="anomaly">${head}${long(witness)}</div>`
}

const event = (all: readonly Fact[]) => all.map(([name, value]) => `${name} ${value}`).join(' · ')

function long(words: string): string {
  if (words.length <= witnessCharsMax) return `<pre>${text(words)}</pre>`
  const size = `${Math.ceil(words.length / 1_000).toLocaleString('en')} kB`
  return `<pre>${text(words.slice(0, witnessCharsMax))} …</pre>
<details><summary>show all ${size}</summary><pre>${text(words)}</pre></details>`
}

const figures = (scenario: ReportScenario, { index }: Place, which: readonly number[]) =>
  which.length === 0
    ? ''
    : `<div class="charts">${which.map((at) => chartFigure(scenario, index, at)).join('')}</div>`

/** Charts that no check above shows: folded if the checks show some. */
function charts(scenario: ReportScenario, place: Place): string {
  const shown = new Set(scenario.expectations.filter(isOpenCase).flatMap((one) => one.charts))
  const rest = [...scenario.charts.keys()].filter((at) => !shown.has(at))
  if (rest.length === 0) return ''
  const title = shown.size === 0 ? `Charts (${rest.length})` : `More charts (${rest.length})`
  return `<details${shown.size === 0 ? ' open' : ''}><summary>${title}</summary>
${figures(scenario, place, rest)}</details>`
}

/** Evidence from the target: open if it crashed, folded if something failed. */
function testimony({ ends, crash, before }: ReportTestimony): string {
  const lines = (title: string, all: readonly Fact[]) =>
    all.length === 0 ? '' : `<p>${title}</p><pre>${all.map(logLine).join('\n')}</pre>`
  if (ends.length + crash.length + before.length === 0) return ''
  return `<details class="testimony"${crash.length > 0 ? ' open' : ''}>
<summary>What the target itself says</summary>
${ends.map((says) => `<p>${text(says)}</p>`).join('\n')}
${lines('Log lines of a crash:', crash)}
${lines('Its last lines before the first sign of a failure:', before)}
</details>`
}

const logLine = ([at, line]: Fact) => text(`${at.padStart(8)}  ${line}`)

const configuration = ({ settings }: ReportScenario): string =>
  settings.length === 0
    ? ''
    : `<details><summary>Effective configuration</summary>${facts(settings)}</details>`

/** Links to the raw evidence beside the report. */
function records({ folder }: ReportScenario): string {
  if (folder === undefined) return ''
  const file = (name: string) => `<a href="${text(encodeURIComponent(folder))}/${name}">${name}</a>`
  return `<p class="records">Recorded: ${['run.json', 'history/'].map(file).join(', ')} ·
judge it again with <code>npm run chaos -- judge &lt;this folder&gt;/${text(folder)}</code></p>`
}

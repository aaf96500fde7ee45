/**
 * The report for people: one HTML file that needs no network. Charts are drawn in the page by
 * uPlot from data embedded in it; with scripts off, every number is still there as text.
 */
import type {
  Fact,
  Report,
  ReportAnomaly,
  ReportExpectation,
  ReportFault,
  ReportFinding,
  ReportScenario,
  ReportTestimony,
  Verdict,
} from './model.ts'

/** Texts that are put into the page as they are: the chart library and our own script and style. */
export interface PageAssets {
  readonly chartLibraryScript: string
  readonly chartLibraryStyle: string
  readonly script: string
  readonly style: string
}

export function renderHtml(report: Report, assets: PageAssets): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(report.title)}: ${outcomeOf(report)[1]}</title>
<style>${assets.chartLibraryStyle}\n${assets.style}</style>
</head>
<body>
${header(report)}
<main>
${findingTable(report)}
${report.scenarios.map((scenario, index) => section(scenario, index)).join('\n')}
<section id="environment"><h2>Environment</h2>${facts(report.environment)}</section>
</main>
<script type="application/json" id="charts">${embed(chartDocument(report))}</script>
<script>${assets.chartLibraryScript}</script>
<script>${assets.script}</script>
</body>
</html>
`
}

function header(report: Report): string {
  const tally = (['pass', 'fail', 'unknown', 'not-applicable'] as const)
    .map((verdict) => [verdict, report.findings.filter((one) => one.verdict === verdict).length])
    .filter(([, count]) => count !== 0)
    .map(([verdict, count]) => `${count} ${verdictWords[verdict as Verdict]}`)
    .join(', ')
  const [verdict, word] = outcomeOf(report)
  const { reproduction } = report
  return `<header class="${verdict}">
<h1>${text(report.title)} ${badge(verdict, word)}</h1>
${reproduction === undefined ? '' : `<p class="claim">${text(reproduction.says)}</p>`}
<p>${tally} · ${text(report.startedAt)} · ${duration(report.tookSeconds)} · seed
<code>${text(report.seed)}</code></p>
<p>Repeat with <code>${text(report.reproduce)}</code></p>
</header>`
}

/** A reproduction is good news although something fails in it: that is what it is to show. */
function outcomeOf({ verdict, reproduction }: Report): [verdict: Verdict, word: string] {
  if (reproduction === undefined) return [verdict, verdictWords[verdict]]
  return reproduction.isReproduced ? ['pass', 'reproduced'] : ['fail', 'not reproduced']
}

function findingTable({ findings, scenarios }: Report): string {
  const anchor = (finding: ReportFinding) =>
    scenarios.findIndex((one) => one.name === finding.scenario && one.target === finding.target)
  const rows = findings.map(
    (finding) => `<tr>
<td>${badge(finding.verdict)}</td>
<td class="id">${text(finding.id)}</td>
<td class="says">${text(finding.says)}<br><small>${text(finding.audit)}</small></td>
<td class="scene"><a href="#scenario-${anchor(finding)}">${text(finding.scenario)}</a><br>
<small>${text(finding.target)}</small></td>
<td class="found">${text(finding.why)}${fix(finding.fix)}</td>
<td class="number">${finding.exercised.toLocaleString('en')}</td>
</tr>`,
  )
  return `<section id="findings"><h2>Verdicts by finding</h2>
<div class="wide"><table>
<thead><tr><th>verdict</th><th>finding</th><th>what would be wrong</th><th>scenario</th>
<th>what was found</th><th class="number">put to the test</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></section>`
}

function section(scenario: ReportScenario, index: number): string {
  const troubles = scenario.troubles.map((trouble) => `<li>${text(trouble)}</li>`).join('')
  return `<section class="scenario" id="scenario-${index}">
<h2>${text(scenario.name)} ${badge(scenario.verdict)}</h2>
<p class="claim">${text(scenario.claim)}</p>
<p><small>${text(scenario.target)} · ${duration(scenario.tookSeconds)}</small></p>
${scenario.mistake === undefined ? '' : mistakeBox(scenario.mistake)}
${troubles === '' ? '' : troubleBox(troubles)}
${testimony(scenario.testimony)}
${scenario.expectations.map(expectation).join('\n')}
<div class="charts" data-scenario="${index}"></div>
${scenario.faults.length === 0 ? '' : faultTable(scenario.faults)}
<details><summary>Effective configuration</summary>${facts(scenario.settings)}</details>
</section>`
}

const mistakeBox = (says: string) => `<p>The mistake put back: <b>${text(says)}</b>.</p>`

const troubleBox = (items: string) =>
  `<div class="trouble"><b>The harness itself had trouble</b><ul>${items}</ul></div>`

function expectation(one: ReportExpectation): string {
  const when = one.seenAt === undefined ? '' : ` · first visible at ${duration(one.seenAt)}`
  return `<details class="expectation ${one.verdict}"${one.verdict === 'pass' ? '' : ' open'}>
<summary>${badge(one.verdict)} <b>${text(one.finding)}</b> ${text(one.check)}
<span class="why">${text(one.why)}</span></summary>
<p><small>rule <code>${text(one.rule)}</code> · ${one.exercised.toLocaleString('en')} put to the
test${when}</small></p>
${fix(one.fix)}
${facts(one.evidence)}
${one.anomalies.map(anomaly).join('\n')}
</details>`
}

function anomaly(one: ReportAnomaly): string {
  const witness = one.witness.map((event) => text(JSON.stringify(event))).join('\n')
  return `<div class="anomaly"><b>${text(one.kind)}</b> × ${one.count.toLocaleString('en')}:
${text(one.says)}<pre>${witness}</pre></div>`
}

const fix = (says: string | undefined) =>
  says === undefined ? '' : `<p class="fix">fix: ${text(says)}</p>`

/** The target's own words: open where it crashed, and at hand where something failed. */
function testimony({ ends, crash, before }: ReportTestimony): string {
  const lines = (title: string, all: readonly Fact[]) =>
    all.length === 0 ? '' : `<p>${title}</p><pre>${all.map(logLine).join('\n')}</pre>`
  if (ends.length + crash.length + before.length === 0) return ''
  return `<details class="testimony"${crash.length > 0 ? ' open' : ''}>
<summary>What the target itself says</summary>
${ends.map((says) => `<p>${text(says)}</p>`).join('\n')}
${lines('Lines of its log that tell of a crash:', crash)}
${lines('Its last lines before the first sign of a failure:', before)}
</details>`
}

const logLine = ([at, line]: Fact) => text(`${at.padStart(8)}  ${line}`)

const outcomes: Readonly<Record<ReportFault['outcome'], string>> = {
  bit: 'yes',
  'did not bite': 'no',
  failed: 'it could not be brought about',
}

function faultTable(faults: readonly ReportFault[]): string {
  const rows = faults.map(
    (fault, index) => `<tr><td class="number">${index + 1}</td>
<td>${text(fault.name)}</td><td>${outcomes[fault.outcome]}</td>
<td class="number">${fault.from.toFixed(1)}–${fault.to.toFixed(1)} s</td>
<td>${fault.evidence.map(([name, value]) => `${text(name)} ${text(value)}`).join(' · ')}</td></tr>`,
  )
  return `<h3>What was broken, and the measurement that shows it</h3>
<div class="wide"><table><thead><tr><th></th><th>fault</th><th>did it bite?</th>
<th class="number">when</th><th>measured</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`
}

function facts(all: readonly Fact[]): string {
  const rows = all.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`)
  return rows.length === 0 ? '' : `<dl>${rows.join('')}</dl>`
}

const verdictWords: Readonly<Record<Verdict, string>> = {
  pass: 'pass',
  fail: 'fail',
  unknown: 'unknown',
  'not-applicable': 'not applicable',
}

const badge = (verdict: Verdict, word: string = verdictWords[verdict]) =>
  `<span class="badge ${verdict}">${word}</span>`

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
}

/** What the page's script draws: bands for phases and faults that bit, lines for first signs. */
const chartDocument = ({ scenarios }: Report) =>
  scenarios.map(({ charts, phases, faults, expectations }) => ({
    charts,
    phases,
    signs: expectations.flatMap(({ seenAt }) => seenAt ?? []),
    faults: faults
      .map((fault, index) => ({ ...fault, number: index + 1 }))
      .filter(({ outcome }) => outcome === 'bit'),
  }))

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}
const text = (raw: string) => raw.replaceAll(/[&<>"]/g, (found) => entities[found] ?? found)

/** JSON inside a script element must not be able to end it. */
const embed = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

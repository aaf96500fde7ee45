/**
 * The report for people: one HTML file that needs no network. First the totals and one line per
 * finding, then the scenarios, those that did not pass first. uPlot draws charts from data embedded
 * in the page; without scripts every number is still there as text.
 */
import { drawnOf } from './chart-figure.ts'
import { htmlPage, type PageAssets } from './html-page.ts'
import {
  anchorsOf,
  badge,
  duration,
  facts,
  findingAnchor,
  fix,
  gravity,
  many,
  text,
  verdictWords,
} from './markup.ts'
import type { Report, ReportFinding, Verdict } from './model.ts'
import { scenarioSection, troubleBox } from './scenario-section.ts'

export function renderHtml(report: Report, assets: PageAssets): string {
  const title = `${report.title}: ${outcomeOf(report)[1]}`
  const body = `${header(report)}
<main>
${findingTable(report)}
${scenarioSections(report)}
<details id="environment"><summary><h2>Environment</h2></summary>${facts(report.environment)}
</details>
</main>
${keys}`
  return htmlPage({ title, body, charts: report.scenarios.map(drawnOf) }, assets)
}

function header(report: Report): string {
  const [verdict, word] = outcomeOf(report)
  const { reproduction, findings, scenarios } = report
  const targets = new Set(scenarios.map(({ target }) => target))
  const of = `${many(findings.length, 'finding')} in ${many(scenarios.length, 'scenario')}`
  return `<header class="${verdict}">
<h1>${badge(verdict, word)} ${text(report.title)}</h1>
${reproduction === undefined ? '' : `<p class="claim">${text(reproduction.says)}</p>`}
<p class="totals">${tally(findings)} <small>of ${of}</small></p>
<dl>
<dt>${targets.size === 1 ? 'Target' : 'Targets'}</dt><dd>${text([...targets].join(', '))}</dd>
<dt>Run</dt><dd>${text(report.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))},
${duration(report.tookSeconds)}, seed <code>${text(report.seed)}</code></dd>
<dt>Repeat</dt><dd><code>${text(report.reproduce)}</code></dd>
<dt>Also as</dt><dd>${otherFormats}</dd>
</dl>
${troubleBox([...sharedTroubles(report)])}
</header>`
}

const otherFormats = ['report.json', 'junit.xml', 'summary.md']
  .map((file) => `<a href="${file}">${file}</a>`)
  .join(', ')

function tally(findings: readonly ReportFinding[]): string {
  const counts = gravity.map((verdict) => [verdict, countOf(findings, verdict)] as const)
  return counts
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `<b class="${verdict}">${count} ${verdictWords[verdict]}</b>`)
    .join(' ')
}

const countOf = (findings: readonly ReportFinding[], verdict: Verdict) =>
  findings.filter((one) => one.verdict === verdict).length

/** A reproduction is a success although something fails in it. */
function outcomeOf({ verdict, reproduction }: Report): [verdict: Verdict, word: string] {
  if (reproduction === undefined) return [verdict, verdictWords[verdict]]
  return reproduction.isReproduced ? ['pass', 'reproduced'] : ['fail', 'not reproduced']
}

/** One cause of everything is shown once: no servers, or an unreachable target. */
function sharedTroubles({ scenarios }: Report): ReadonlySet<string> {
  const [first, ...rest] = scenarios.map(({ troubles }) => new Set(troubles))
  if (first === undefined || rest.length === 0) return new Set()
  return rest.reduce((shared, one) => shared.intersection(one), first)
}

function findingTable(report: Report): string {
  const { findings, scenarios } = report
  const anchors = anchorsOf(scenarios)
  const hasTargets = new Set(scenarios.map(({ target }) => target)).size > 1
  const shared = sharedTroubles(report)
  const rows = findings.map((finding) => {
    const at = scenarios.findIndex(
      ({ name, target }) => name === finding.scenario && target === finding.target,
    )
    const isJudged = scenarios[at]?.expectations.some((one) => one.finding === finding.id) === true
    return findingRow(finding, { anchor: anchors[at] ?? '', isJudged, hasTargets, shared })
  })
  return `<section id="findings"><h2>Findings</h2>
${filterBar(findings)}
<table class="findings">
<thead><tr><th>verdict</th><th>finding</th><th>what was found</th>
<th>observations</th><th>decided by</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></section>`
}

interface Evidence {
  /** Of the scenario that decided. */
  readonly anchor: string
  readonly isJudged: boolean
  /** Errors shown at the head of the page. */
  readonly shared: ReadonlySet<string>
  readonly hasTargets: boolean
}

function findingRow(finding: ReportFinding, evidence: Evidence): string {
  const { id, says, audit, verdict, why, scenario, scenarioCount, target } = finding
  const { anchor, isJudged, hasTargets, shared } = evidence
  const words = shared.has(why) ? 'Not judged, for the reason above.' : why
  const others = scenarioCount > 1 ? ` ${soft(`and ${many(scenarioCount - 1, 'other')}`)}` : ''
  const link = isJudged ? findingAnchor(anchor, id) : anchor
  return `<tr class="${verdict}" data-verdict="${verdict}" data-finding="${text(
    id.replaceAll(/\s/g, '_'),
  )}">
<td>${badge(verdict)}</td>
<td class="id"><a href="#${link}">${text(id)}</a></td>
<td class="found" title="${text(why)}"><span>${text(words)}</span>${fix(finding.fix)}
<small title="${text(audit)}">${text(says)}</small></td>
<td class="seen">${text(finding.observations) || 'none'}</td>
<td class="scene"><a href="#${anchor}">${text(scenario)}</a>${others}
${hasTargets ? `<br>${soft(text(target))}` : ''}</td>
</tr>`
}

const soft = (words: string) => `<span class="soft">${words}</span>`

/** Shown by the script, because it needs it. */
function filterBar(findings: readonly ReportFinding[]): string {
  const choices = gravity.filter((verdict) => countOf(findings, verdict) > 0)
  const button = (value: string, word: string, count: number) =>
    `<button type="button" data-show="${value}" aria-pressed="${value === 'all'}">${word}
<b>${count}</b></button>`
  const buttons = choices.map((verdict) =>
    button(verdict, verdictWords[verdict], countOf(findings, verdict)),
  )
  return `<form id="filter" role="search" hidden>
<div role="group" aria-label="verdict">${button('all', 'all', findings.length)}${buttons.join('')}
</div>
<label>find <input type="search" name="find" placeholder="words, -without"></label>
<output></output></form>`
}

function scenarioSections(report: Report): string {
  const { scenarios } = report
  const anchors = anchorsOf(scenarios)
  const shared = sharedTroubles(report)
  const hasTargets = new Set(scenarios.map(({ target }) => target)).size > 1
  const sections = scenarios
    .map((scenario, index) => ({ scenario, index, anchor: anchors[index] ?? '' }))
    .toSorted((a, b) => gravity.indexOf(a.scenario.verdict) - gravity.indexOf(b.scenario.verdict))
    .map(({ scenario, index, anchor }) =>
      scenarioSection(scenario, { index, anchor, shared, hasTargets }),
    )
  return `<section id="scenarios"><h2>Scenarios</h2>${sections.join('\n')}</section>`
}

const keys = `<footer id="keys" hidden>Keys: <kbd>/</kbd> find · <kbd>Esc</kbd> show all ·
<kbd>n</kbd> <kbd>p</kbd> next and previous of what did not pass · <kbd>o</kbd> open or fold all
</footer>`

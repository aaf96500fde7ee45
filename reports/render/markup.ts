/** Building blocks of the page: escaped text, badges, amounts, anchors. */
import type { Fact, ReportScenario, Verdict } from './model.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

export const text = (raw: string): string =>
  raw.replaceAll(/[&<>"]/g, (found) => entities[found] ?? found)

/** JSON inside a script element must not be able to end it. */
export const embed = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')

export const verdictWords: Readonly<Record<Verdict, string>> = {
  fail: 'fail',
  unknown: 'unknown',
  pass: 'pass',
  'not-applicable': 'not applicable',
}

/** The order of verdicts: what did not pass comes first. */
export const gravity: readonly Verdict[] = ['fail', 'unknown', 'pass', 'not-applicable']

export const badge = (verdict: Verdict, word: string = verdictWords[verdict]): string =>
  `<span class="badge ${verdict}">${word}</span>`

export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
}

/** An amount with its unit; a count is a number of what the chart's title names. */
export function amount(value: number, unit: string): string {
  const number = value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 1 })
  return unit === 'count' ? number : `${number} ${unit}`
}

export const many = (count: number, one: string): string =>
  `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`

export function facts(all: readonly Fact[]): string {
  const rows = all.map(
    ([name, value]) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`,
  )
  return rows.length === 0 ? '' : `<dl class="facts">${rows.join('')}</dl>`
}

export const fix = (says: string | undefined): string =>
  says === undefined ? '' : `<p class="fix">fix: ${text(says)}</p>`

const slug = (name: string) => name.replaceAll(/[^\w-]+/g, '-').slice(0, 80)

/**
 * Anchors of scenarios, in order. Made of names, so that a link means the same in the next run; if
 * a scenario ran more than once, the later ones are numbered.
 */
export function anchorsOf(scenarios: readonly Pick<ReportScenario, 'name'>[]): string[] {
  const seen = new Map<string, number>()
  return scenarios.map(({ name }) => {
    const count = (seen.get(slug(name)) ?? 0) + 1
    seen.set(slug(name), count)
    return count === 1 ? slug(name) : `${slug(name)}-${count}`
  })
}

/** Anchor of what a scenario found of a finding: its first check. */
export const findingAnchor = (scenario: string, finding: string): string =>
  `${scenario}.${slug(finding)}`

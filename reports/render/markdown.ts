/** The report for a CI summary: the verdicts and what to do next, short. */
import type { Report, Verdict } from './model.ts'

export const marks: Readonly<Record<Verdict, string>> = {
  pass: '✅ pass',
  fail: '❌ fail',
  unknown: '❔ unknown',
  'not-applicable': '➖ not applicable',
}

export function renderMarkdown(report: Report): string {
  const rows = report.findings.map(
    ({ id, scenario, verdict, observations, why, fix }) =>
      `| ${cell(id)} | ${cell(scenario)} | ${marks[verdict]} | ${cell(observations)} | ` +
      `${cell(fix === undefined ? why : `${why} fix: ${fix}`)} |`,
  )
  const troubles = report.scenarios.flatMap(({ name, troubles: all }) =>
    all.map((trouble) => `- ${cell(name)}: ${cell(trouble)}`),
  )
  const smaller = report.scenarios.flatMap(({ name, smaller: found }) => {
    if (found === undefined) return []
    const repeat = found.reproduce === undefined ? '' : ` Repeat with ${code(found.reproduce)}`
    return [`${cell(name)}: ${cell(found.says)}${repeat}`, '']
  })
  return [
    `## ${cell(report.title)}: ${marks[report.verdict]}`,
    '',
    '| finding | scenario | verdict | observations | why |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...smaller,
    ...(troubles.length > 0 ? ['What could not be judged:', '', ...troubles, ''] : []),
    `Repeat with ${code(report.reproduce)}`,
    '',
  ].join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '|': '&#124;',
  '`': '&#96;',
  '\\': '&#92;',
  '[': '&#91;',
}

/** Text that stays text, within one line: no markup, no link, no end of a cell. */
export const cell = (text: string) =>
  text
    .replaceAll(/[&<|`\\[]/g, (found) => entities[found] ?? found)
    .replaceAll(/\s+/g, ' ')

/** A code span, whose fence is longer than any run of backticks in it. */
export function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = longest > 0 ? ' ' : ''
  return `${fence}${pad}${text.replaceAll(/\s+/g, ' ')}${pad}${fence}`
}

/** The report for a CI summary: the verdicts and what to do next, nothing that needs scrolling. */
import type { Report, Verdict } from './model.ts'

const marks: Readonly<Record<Verdict, string>> = {
  pass: '✅ pass',
  fail: '❌ fail',
  unknown: '❔ unknown',
}

export function renderMarkdown(report: Report): string {
  const rows = report.findings.map(
    ({ id, scenario, verdict, exercised, why }) =>
      `| ${id} | ${scenario} | ${marks[verdict]} | ${exercised} | ${cell(why)} |`,
  )
  const troubles = report.scenarios.flatMap(({ name, troubles: all }) =>
    all.map((trouble) => `- ${name}: ${trouble}`),
  )
  return [
    `## ${report.title}: ${marks[report.verdict]}`,
    '',
    '| finding | scenario | verdict | put to the test | why |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...(troubles.length > 0 ? ['What could not be judged:', '', ...troubles, ''] : []),
    `Repeat with \`${report.reproduce}\``,
    '',
  ].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

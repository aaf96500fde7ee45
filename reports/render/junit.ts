/**
 * The report for CI servers that read JUnit. One test suite a scenario, one test case an
 * expectation; `unknown` is an error, not a failure and never a skip: it must not look green.
 */
import type { Report, ReportExpectation, ReportScenario } from './model.ts'

export function renderJunit(report: Report): string {
  const suites = report.scenarios.map((scenario) => suite(scenario))
  const all = report.scenarios.flatMap(({ expectations }) => expectations)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(report.title)}" ${counts(all)} time="${report.tookSeconds}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(scenario: ReportScenario): string {
  const { name, expectations, tookSeconds, troubles } = scenario
  const head = `  <testsuite name="${xml(name)}" ${counts(expectations)} time="${tookSeconds}">`
  const trouble = troubles.map((text) => `    <system-err>${xml(text)}</system-err>`)
  return [head, ...expectations.map((one) => testCase(name, one)), ...trouble, '  </testsuite>']
    .join('\n')
}

function testCase(scenario: string, expectation: ReportExpectation): string {
  const { finding, check, verdict, rule, why, exercised } = expectation
  const open = `    <testcase classname="${xml(scenario)}" name="${xml(`${finding} ${check}`)}"`
  const out = `<system-out>${xml(`${exercised} exercised; ${why}`)}</system-out>`
  if (verdict === 'pass') return `${open}>${out}</testcase>`
  const element = verdict === 'fail' ? 'failure' : 'error'
  return `${open}><${element} type="${xml(rule)}" message="${xml(why)}"/>${out}</testcase>`
}

function counts(expectations: readonly ReportExpectation[]): string {
  const failures = expectations.filter(({ verdict }) => verdict === 'fail').length
  const errors = expectations.filter(({ verdict }) => verdict === 'unknown').length
  return `tests="${expectations.length}" failures="${failures}" errors="${errors}"`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** Text for XML 1.0: escaped, and without the characters that it cannot hold at all. */
const xml = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- those are the characters meant
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (found) => entities[found] ?? found)

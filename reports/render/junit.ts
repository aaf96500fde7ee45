/**
 * The report for CI servers that read JUnit. One test suite per scenario, one test case per
 * expectation; `unknown` is an error, not a failure and never a skip: it must not look like a pass.
 * Only what does not apply to the target is a skip.
 */
import type { Fact, Report, ReportExpectation, ReportScenario } from './model.ts'

export const renderJunit = (report: Report): string =>
  joined(report.title, report.tookSeconds, junitSuites(report))

/** A test suite, ready to stand beside others. */
export interface JunitSuite {
  readonly text: string
  readonly cases: readonly Pick<Case, 'verdict'>[]
}

/** The suites of a report: one a scenario, their names behind `prefix`. */
export const junitSuites = ({ scenarios }: Report, prefix = ''): JunitSuite[] =>
  scenarios.map((one) => {
    const named = { ...one, name: `${prefix}${one.name}` }
    return { text: suite(named), cases: casesOf(named) }
  })

/** One document of many suites. */
export function joined(title: string, seconds: number, suites: readonly JunitSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(title)}" ${counts(all)} time="${seconds}">`,
    ...suites.map(({ text }) => text),
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(scenario: ReportScenario): string {
  const { name, target, tookSeconds, troubles } = scenario
  const cases = casesOf(scenario)
  const head = `  <testsuite name="${xml(name)}" ${counts(cases)} time="${tookSeconds}">`
  const says = xml([target, ...troubles].join('\n'))
  const trouble = troubles.length === 0 ? [] : [`    <system-err>${says}</system-err>`]
  const told = wordsOf(scenario)
  const out = told.length === 0 ? [] : [`    <system-out>${xml(told.join('\n'))}</system-out>`]
  const inside = [...cases.map((one) => testCase(name, one)), ...out, ...trouble]
  return [head, ...inside, '  </testsuite>'].join('\n')
}

/** Evidence from the target itself: how it exited, and its log around what failed. */
function wordsOf({ testimony: { ends, crash, before } }: ReportScenario): string[] {
  const lines = (title: string, all: readonly Fact[]) =>
    all.length === 0 ? [] : [title, ...all.map(([at, line]) => `  ${at}  ${line}`)]
  return [
    ...ends,
    ...lines("Lines of the target's log that tell of a crash:", crash),
    ...lines("The target's last lines before the first sign of a failure:", before),
  ]
}

type Case = Pick<
  ReportExpectation,
  'finding' | 'check' | 'verdict' | 'rule' | 'why' | 'fix' | 'exercised'
>

/**
 * The cases of a scenario, never none. In a run that proves nothing, expectations still hold or
 * not; so it gets a case of its own that is an error, and no failures.
 */
function casesOf({ expectations, troubles, verdict }: ReportScenario): readonly Case[] {
  if (verdict !== 'unknown') return expectations
  const why = troubles.join(' ') || 'The run was inconclusive.'
  const run = { finding: 'the run', check: 'proves something', rule: 'not-proven', exercised: 0 }
  const doubted = expectations.map((one): Case =>
    one.verdict === 'fail' ? { ...one, verdict } : one,
  )
  return [...doubted, { ...run, verdict, why }]
}

function testCase(scenario: string, expectation: Case): string {
  const { finding, check, verdict, rule, exercised } = expectation
  const why = expectation.why + (expectation.fix === undefined ? '' : ` fix: ${expectation.fix}`)
  const open = `    <testcase classname="${xml(scenario)}" name="${xml(`${finding} ${check}`)}"`
  const out = `<system-out>${xml(`${exercised} exercised; ${why}`)}</system-out>`
  if (verdict === 'pass') return `${open}>${out}</testcase>`
  if (verdict === 'not-applicable') {
    return `${open}><skipped message="${xml(why)}"/>${out}</testcase>`
  }
  const element = verdict === 'fail' ? 'failure' : 'error'
  return `${open}><${element} type="${xml(rule)}" message="${xml(why)}"/>${out}</testcase>`
}

export function counts(expectations: readonly Pick<Case, 'verdict'>[]): string {
  const failures = expectations.filter(({ verdict }) => verdict === 'fail').length
  const errors = expectations.filter(({ verdict }) => verdict === 'unknown').length
  const skipped = expectations.filter(({ verdict }) => verdict === 'not-applicable').length
  const tests = `tests="${expectations.length}"`
  return `${tests} failures="${failures}" errors="${errors}" skipped="${skipped}"`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** Text for XML 1.0: escaped, and without the characters that it cannot hold at all. */
export const xml = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex -- those are the characters meant
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (found) => entities[found] ?? found)

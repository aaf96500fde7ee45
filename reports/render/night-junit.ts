/**
 * A night for CI servers that read JUnit: the scenarios of its reports as each report has them, and
 * one suite for each part without a report of that kind. What was not run is skipped.
 */
import { counts, joined, junitSuites, xml, type JunitSuite } from './junit.ts'
import type { Report, Verdict } from './model.ts'
import type { Night, NightEntry, PartName } from './night.ts'

/** @param reports by part those whose verdicts are the night's */
export function renderNightJunit(
  night: Night,
  reports: ReadonlyMap<PartName, Report>,
): string {
  const suites = night.parts.flatMap(({ name }) => {
    const own = night.entries.filter(({ part }) => part === name)
    const report = reports.get(name)
    // What a report tells of is not told twice.
    const left = report === undefined ? own : own.filter(({ outcome }) => outcome === 'not-run')
    return [
      ...(report === undefined ? [] : junitSuites(report, `${name}: `)),
      ...(left.length === 0 ? [] : [suiteOf(name, left)]),
    ]
  })
  return joined('Nightly', night.tookSeconds, suites)
}

function suiteOf(part: PartName, entries: readonly NightEntry[]): JunitSuite {
  const cases = entries.map(({ outcome }): { verdict: Verdict } => ({
    verdict: outcome === 'not-run' ? 'not-applicable' : outcome,
  }))
  const took = entries.reduce((sum, one) => sum + (one.took ?? 0), 0)
  const text = [
    `  <testsuite name="${part}" ${counts(cases)} time="${took.toFixed(1)}">`,
    ...entries.map((one) => caseOf(part, one)),
    '  </testsuite>',
  ].join('\n')
  return { text, cases }
}

function caseOf(part: PartName, { name, outcome, why, took, reproduce }: NightEntry): string {
  const time = took === undefined ? '' : ` time="${took}"`
  const open = `    <testcase classname="${part}" name="${xml(name)}"${time}>`
  const out = `<system-out>${xml(`${why}\nrepeat: ${reproduce}`)}</system-out></testcase>`
  const message = `message="${xml(why)}"`
  if (outcome === 'pass') return `${open}${out}`
  if (outcome === 'fail') return `${open}<failure type="${part}" ${message}/>${out}`
  if (outcome === 'unknown') return `${open}<error type="${part}" ${message}/>${out}`
  return `${open}<skipped ${message}/>${out}`
}

/** Everything is said once, however many scenarios and findings it concerns. */
import { expect, test } from 'vitest'
import type { Report, ReportFinding, ReportScenario, Verdict } from '../../reports/render/model.ts'
import { tallyOf, troubleLines, unconfirmedLines } from './summary.ts'

const scenario = (name: string, troubles: string[], unconfirmed: string[] = []) =>
  ({ name, troubles, unconfirmed }) as unknown as ReportScenario
const report = (scenarios: ReportScenario[], verdicts: Verdict[] = []) =>
  ({
    scenarios,
    findings: verdicts.map((verdict) => ({ verdict }) as unknown as ReportFinding),
  }) as unknown as Report

test('a trouble that a scenario met eleven times is told once', () => {
  const troubles = Array.from({ length: 11 }, () => 'kafka is gone')
  const all = [scenario('a', troubles), scenario('b', ['late', 'kafka is gone']), scenario('c', [])]
  expect(troubleLines(report(all))).toEqual(['a, b: kafka is gone', 'b: late'])
})

test('a trouble of all scenarios names none', () => {
  const all = [scenario('a', ['no contact', 'no contact']), scenario('b', ['no contact'])]
  expect(troubleLines(report(all))).toEqual(['no contact'])
  expect(troubleLines(report(all.slice(0, 1)))).toEqual(['a: no contact'])
})

test('settings that are not confirmed are named once, with what to do', () => {
  const all = [scenario('a', [], ['pingIntervalMs']), scenario('b', [], ['pingIntervalMs', 'x'])]
  const lines = unconfirmedLines(report(all))
  expect(lines[1]?.trim()).toBe('pingIntervalMs, x')
  expect(lines[2]).toContain('--know')
  expect(unconfirmedLines(report([scenario('a', [])]))).toEqual([])
})

test('what does not apply is counted apart', () => {
  const verdicts: Verdict[] = ['pass', 'not-applicable', 'pass', 'unknown']
  expect(tallyOf(report([], verdicts))).toBe('1 unknown, 2 pass, 1 not applicable')
  expect(tallyOf(report([]))).toBe('nothing was judged')
})

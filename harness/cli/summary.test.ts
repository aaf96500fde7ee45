/** Everything is said once, however many scenarios and findings it concerns. */
import { describe, expect, test } from 'vitest'
import type { Report, ReportFinding, ReportScenario, Verdict } from '../../reports/render/model.ts'
import { closing, tallyOf, troubleLines, unconfirmedLines } from './summary.ts'

const scenario = (name: string, troubles: string[], unconfirmed: string[] = []) =>
  ({ name, troubles, unconfirmed }) as unknown as ReportScenario
const report = (scenarios: ReportScenario[], verdicts: Verdict[] = []) =>
  ({
    scenarios,
    findings: verdicts.map((verdict) => ({ verdict }) as unknown as ReportFinding),
  }) as unknown as Report

test('a trouble that a scenario met eleven times is printed once', () => {
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

describe('the closing lines', () => {
  const out = { write: () => undefined, isTerminal: false, hasColours: false, columns: 80 }
  const told = (one: Report, isQuiet = false) =>
    closing(out, { report: one, page: 'p.html', isInterrupted: false }, isQuiet)
  const open = (count: number) => {
    const troubles = ['wanted: a\n  found: b\u001b\n  fix: c']
    const empty = { troubles, unconfirmed: [], expectations: [] }
    const scenarios = Array.from({ length: count }, (_, i) => ({ ...empty, name: `s${i}` }))
    const given = { ...report([], ['unknown']), scenarios, tookSeconds: 1, reproduce: 'r' }
    return given as never as Report
  }

  test.each([1, 3])('say once why nothing of %i scenarios was judged', (count) => {
    const lines = ['UNKNOWN Nothing was judged.', '  wanted: a', '  found: b?', '  fix: c']
    expect(told(open(count)).slice(1, 5)).toEqual(lines)
  })

  test('name what did not pass, and count the rest', () => {
    const findings = [
      { id: 'M-1', verdict: 'fail', scenario: 'a' },
      { id: 'M-2', verdict: 'pass', scenario: 'a' },
    ]
    const scenarios = [{ name: 'a', troubles: [], unconfirmed: [], expectations: [{}] }]
    const one = { findings, scenarios, tookSeconds: 65, reproduce: 'r' } as never as Report
    const sum = ['Total: 1 fail, 1 pass (1 scenario in 1 min 5 s).', 'report: p.html', 'repeat: r']
    expect(told(one)).toEqual(['', 'Did not pass', '  FAIL    M-1      a', ...sum])
    expect(told(one, true)).toEqual(sum)
  })
})

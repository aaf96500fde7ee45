/** The report's model: no peak is lost, units are readable, and gaps are marked. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import type { Chart, Verdict } from '../checkers/checker.ts'
import { story } from '../history/story-testbed.ts'
import { reportSchema } from '../../reports/render/model.ts'
import { judge, type FindingVerdict } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'
import type { SuiteResult } from '../conductor/suite.ts'
import type { History } from '../history/history.ts'
import type { Excerpt } from '../judge/judged-run.ts'
import { reportOf, withTrouble } from './report-model.ts'
import { recordWith } from '../judge/record-testbed.ts'

const head = { title: 't', seed: 's', reproduce: 'r', startedUnixMs: 0, tookMs: 1_500 }
const scenario = scenarios['health-reflects-current-state']
const item = { scenario, target: { kind: 'reference' }, reproduce: 'r' } as const

const record = recordWith({
  scenario: { name: scenario.name, claim: scenario.claim },
  expectations: [],
  settings: { healthWindowMs: 6_000, ringBytesMax: 64 * 1_048_576, isOdd: true },
  versions: { kafka: '4.1.1' },
  machine: { memoryBytes: 8 * 1_048_576 },
  tookMs: 2_000,
  reproduce: 'r',
})

const excerptOf = ({ phases, faults }: History, charts: readonly Chart[] = []): Excerpt => ({
  phases,
  faults,
  charts,
})
function shown(charts: readonly Chart[], more: Partial<RunRecord> = {}): SuiteResult {
  const history = story().process(0, 'start').fault(1, 'p/0-cut', 'inject').history()
  const given = { ...record, ...more }
  const verdict = judge(history, given)
  return { item, folder: '', record: given, verdict, excerpt: excerptOf(history, charts) }
}
const chartOf = (v: readonly (number | null)[], unit: 'bytes' | 'count' = 'count'): Chart => ({
  title: 'c',
  series: [{ name: 's', unit, t: v.map((_, at) => at * 1_000_000), v }],
  limits: [{ name: 'l', v: 1_048_576 }],
})
const finding = (id: string, verdict: Verdict): FindingVerdict => ({
  finding: id, verdict, rule: 'r', why: 'w', exercised: 1, observations: [],
})
const numbers = (all: readonly (number | null)[]) => all.filter((one) => one !== null)
const extremes = (all: readonly (number | null)[]) => [
  Math.min(...numbers(all)),
  Math.max(...numbers(all)),
]
const drawn = (chart: Chart) => reportOf(head, [shown([chart])]).scenarios[0]?.charts[0]

describe('a chart', () => {
  test('keeps every extreme, its order and its holes, in a bounded number of points', () => {
    const value = fc.option(fc.integer({ min: 1, max: 999_999 }), { freq: 20 })
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3_000 }), (v) => {
        const series = drawn(chartOf(v))?.series[0]
        const told = series?.v ?? []
        expect(told.length).toBeLessThanOrEqual(600)
        expect(extremes(told)).toEqual(extremes(v))
        expect(told.includes(null)).toBe(v.includes(null))
        expect(series?.t).toEqual([...(series?.t ?? [])].sort((a, b) => a - b))
      }),
    )
  })

  test('of bytes is drawn in MiB, its limits, too', () => {
    const chart = drawn(chartOf([1_048_576, null], 'bytes'))
    expect(chart).toMatchObject({ unit: 'MiB', limits: [{ v: 1 }], series: [{ v: [1, null] }] })
  })

  test('that two expectations want is drawn once', () => {
    const report = reportOf(head, [shown([chartOf([1]), chartOf([1]), chartOf([1, 2])])])
    expect(report.scenarios[0]?.charts).toHaveLength(2)
  })
})

describe('the rows of findings', () => {
  test('are one for a finding, however many scenarios judged it: the worst decides', () => {
    const run = (name: string, verdict: Verdict) => {
      const one = shown([], { scenario: { name, claim: 'It is.' } })
      return { ...one, verdict: { ...one.verdict, findings: [finding('stream', verdict)] } }
    }
    const all = [run('a', 'pass'), run('other', 'fail'), run('c', 'unknown')]
    const [stream, ...rest] = reportOf(head, all).findings
    expect(rest).toEqual([])
    expect(stream).toMatchObject({ id: 'stream', verdict: 'fail', scenario: 'other' })
    expect(stream?.scenarioCount).toBe(3)
  })

  test('count what their finding counted, by its own word', () => {
    const seen = [
      { count: 1, of: 'polls of /health' },
      { count: 1_200, of: 'deliveries' },
    ]
    const one = shown([])
    const findings = [{ ...finding('M-1', 'pass'), observations: seen }, finding('M-2', 'fail')]
    const rows = reportOf(head, [{ ...one, verdict: { ...one.verdict, findings } }]).findings
    expect(rows.map(({ id }) => id)).toEqual(['M-2', 'M-1'])
    expect(rows[1]?.observations).toBe('1 poll of /health, 1,200 deliveries')
  })
})

test('the report is what its schema says, field by field', () => {
  const report = reportOf(head, [shown([chartOf([1])])], [{ item, why: 'w' }])
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report)
})

test('a check shows its own charts; one that draws none, what went in and what came out', () => {
  const general = { ...chartOf([3]), title: 'Connected clients: reported and true' }
  const report = reportOf(head, [shown([chartOf([1]), general])])
  expect(report.scenarios[0]?.expectations.map(({ charts }) => charts)).toEqual([[1], [1]])
})

test('facts are for people: MiB, ms, words', () => {
  const { scenarios: [one], environment } = reportOf(head, [
    shown([], { effective: record.settings }),
  ])
  expect(one?.settings).toEqual([
    ['healthWindowMs', '6,000 ms'],
    ['ringBytesMax', '64.0 MiB'],
    ['isOdd', 'true'],
  ])
  expect(environment).toContainEqual(['memory', '8.0 MiB'])
})

test('a setting that the target does not report is asked, not confirmed', () => {
  const effective = { healthWindowMs: 120_000, ringBytesMax: 64 * 1_048_576, ownMs: 5 }
  const target = { kind: 'command', command: 'x', says: 'command: x' } as const
  const one = reportOf(head, [shown([], { effective, target })]).scenarios[0]
  expect(one?.settings).toEqual([
    ['healthWindowMs', '120,000 ms (asked for 6,000 ms)'],
    ['ringBytesMax', '64.0 MiB'],
    ['isOdd', 'true (asked, not confirmed)'],
    ['ownMs', '5 ms'],
  ])
  expect(one?.unconfirmed).toEqual(['isOdd'])
})

test('how the target ended, and what it said before a failure, stand in the report', () => {
  const told = story().process(0, 'start').process(3, 'exit').phase('steady', 0, 1)
  told.add({ kind: 'log', t: 2_900_000, role: 'relay', line: 'panic: <b>' })
  const history = told.history()
  const one = { ...shown([]), verdict: judge(history, record) }
  expect(reportOf(head, [one]).scenarios[0]?.testimony).toEqual({
    ends: ["The target's process 1 exited by itself at 3.0 s with code 0."],
    crash: [['2.9 s', 'panic: <b>']],
    before: [['2.9 s', 'panic: <b>']],
  })
})

test('evidence is shown in words and in times of the run', () => {
  const faults = story().process(0, 'start').fault(1, 'p/0-cut', 'inject', {
    says: 'it is cut', pid: 12_345, tookMs: 1_200, closedAt: 2_500_000, answerMs: null,
  })
  const one = { ...shown([]), excerpt: excerptOf(faults.history()) }
  expect(reportOf(head, [one]).scenarios[0]?.faults[0]).toMatchObject({
    name: 'it is cut',
    evidence: expect.arrayContaining([
      ['pid', '12345'],
      ['took', '1,200 ms'],
      ['closed at', '2.50 s'],
      ['answer', 'none'],
    ]) as unknown,
  })
})

test('the deliberate mistake of a target is shown, if it is known', () => {
  const mistakeOf = (defect: string) => {
    const target = { ...record.target, defect }
    return reportOf(head, [shown([], { target })]).scenarios[0]?.mistake
  }
  expect(mistakeOf('m-1041-lifetime-warning')).toContain('never clears')
  expect(mistakeOf('of-long-ago')).toBeUndefined()
})

describe('what could not be played', () => {
  const why = 'Kafka did not start'

  test('is in the report with every finding that it leaves open, and makes it unknown', () => {
    const report = reportOf(head, [], [{ item, why }])
    expect(report.verdict).toBe('unknown')
    expect(report.findings.map(({ id, verdict }) => [id, verdict])).toEqual([
      ['M-1041', 'unknown'],
      ['M-1042', 'unknown'],
      ['stream', 'unknown'],
    ])
    expect(report.scenarios[0]).toMatchObject({ verdict: 'unknown', troubles: [why] })
    expect(report.findings.every(({ says }) => says.length > 20)).toBe(true)
  })

  test('does not hide a failure of something else', () => {
    const failed = shown([])
    const verdict = { ...failed.verdict, verdict: 'fail' } as const
    expect(reportOf(head, [{ ...failed, verdict }], [{ item, why }]).verdict).toBe('fail')
  })

  test('a report that cannot be written is no pass', () => {
    const good = shown([])
    const verdict = { ...good.verdict, verdict: 'pass' } as const
    const report = reportOf(head, [{ ...good, verdict }])
    expect(report.verdict).toBe('pass')
    expect(withTrouble(report, why)).toMatchObject({
      verdict: 'unknown',
      scenarios: [{ troubles: expect.arrayContaining([why]) as string[] }],
    })
  })
})

test('a run that was cut short proves nothing, not even a failure', () => {
  const died = story().process(0, 'start').process(3, 'exit').phase('steady', 0, 1).history()
  const expectations = [{ finding: 'stream', expectation: { check: 'stream' as const } }]
  const whole = { ...record, expectations }
  expect(judge(died, whole).findings[0]?.verdict).toBe('fail')
  const cut = { ...whole, isComplete: false, cutShort: 'the fleet is gone' }
  expect(judge(died, cut).findings[0]).toMatchObject({ verdict: 'unknown', rule: 'cut-short' })
})

test('a relay that we end ourselves did not die', () => {
  const ended = story().process(0, 'start').process(3, 'exit')
  ended.add({ kind: 'phase', t: 2_900_000, name: 'tear-down', edge: 'begin' })
  const rules = judge(ended.history(), record).expectations.map((one) => one.judgement.rule)
  expect(rules).toContain('alive')
})

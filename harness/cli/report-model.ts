/** Turns judged runs into what a report shows: numbers made readable, times in seconds. */
import { findings, type Finding } from '../../scenarios/findings.ts'
import type {
  Band,
  Fact,
  Report,
  ReportChart,
  ReportExpectation,
  ReportFault,
  ReportFinding,
  ReportScenario,
} from '../../reports/render/model.ts'
import type { Chart, Series } from '../checkers/checker.ts'
import type { SuiteResult } from '../conductor/suite.ts'
import type { History } from '../history/history.ts'
import type { FaultWindow } from '../history/windows.ts'
import { streamFinding, worst, type JudgedExpectation } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'

/** A result with the history that it was judged by, and the charts that every run has. */
export interface Shown extends SuiteResult {
  readonly history: History
  readonly charts: readonly Chart[]
}

export interface ReportHead {
  readonly title: string
  readonly seed: string
  readonly reproduce: string
  readonly tookMs: number
}

/** More points than this cannot be told apart on a chart of half a screen's width. */
const pointsMax = 600

export function reportOf(head: ReportHead, all: readonly Shown[]): Report {
  return {
    schemaVersion: 1,
    title: head.title,
    verdict: worst(all.map(({ verdict }) => verdict.verdict)),
    seed: head.seed,
    startedAt: all[0]?.record.startedAt ?? '',
    tookSeconds: head.tookMs / 1_000,
    reproduce: head.reproduce,
    findings: all.flatMap(findingRows),
    scenarios: all.map(scenarioOf),
    environment: environmentOf(all[0]?.record),
  }
}

const streamClaim: Finding = {
  audit: 'claim of this project',
  part: 'relay',
  says: 'A record is lost, duplicated, reordered or changed on its way, or the relay dies.',
}

function findingRows({ record, verdict }: Shown): ReportFinding[] {
  return verdict.findings.map((one) => {
    const known: Record<string, Finding> = { ...findings, [streamFinding]: streamClaim }
    return {
      id: one.finding,
      says: known[one.finding]?.says ?? '',
      audit: known[one.finding]?.audit ?? '',
      scenario: record.scenario.name,
      target: record.target.says,
      verdict: one.verdict,
      why: one.why,
      exercised: one.exercised,
    }
  })
}

function scenarioOf({ record, verdict, history, charts }: Shown): ReportScenario {
  const own = verdict.expectations.flatMap(({ judgement }) => judgement.charts ?? [])
  return {
    name: record.scenario.name,
    claim: record.scenario.claim,
    target: record.target.says,
    verdict: verdict.verdict,
    tookSeconds: record.tookMs / 1_000,
    troubles: verdict.reservations.map(({ says }) => says),
    phases: history.phases.map(({ name, begin, end }) => band(name, begin, end)),
    faults: history.faults.map(faultOf),
    expectations: verdict.expectations.map(expectationOf),
    charts: distinct([...own, ...charts]).map(chartOf),
    settings: factsOf({ ...record.settings, ...record.effective }),
  }
}

const seconds = (micros: number) => micros / 1_000_000
const band = (name: string, begin: number, end: number): Band => ({
  name,
  from: seconds(begin),
  to: seconds(end),
})

function faultOf(fault: FaultWindow): ReportFault {
  const { says, ...evidence } = { ...fault.spec, ...fault.evidence }
  const outcome = fault.failure !== undefined ? 'failed' : fault.isBiting ? 'bit' : 'did not bite'
  return {
    ...band(typeof says === 'string' ? says : fault.id, fault.begin, fault.end),
    outcome,
    evidence: factsOf(evidence),
  }
}

function expectationOf(one: JudgedExpectation): ReportExpectation {
  const { judgement, expectation, detectedAfterMs } = one
  return {
    finding: one.finding,
    check: expectation.check,
    verdict: judgement.verdict,
    rule: judgement.rule,
    why: judgement.why,
    exercised: judgement.exercised,
    ...(detectedAfterMs === undefined ? {} : { detectedAfter: detectedAfterMs / 1_000 }),
    evidence: factsOf(judgement.evidence),
    anomalies: judgement.anomalies ?? [],
  }
}

function environmentOf(record: RunRecord | undefined): Fact[] {
  if (record === undefined) return []
  return [...factsOf(record.machine), ...factsOf(record.versions)]
}

/** Facts by name; a name that ends in Bytes or Ms is shown in units that people read. */
const factsOf = (all: Readonly<Record<string, unknown>>): Fact[] =>
  Object.entries(all).map(([name, value]) => [name, sayValue(name, value)])

function sayValue(name: string, value: unknown): string {
  if (typeof value === 'number') {
    if (/bytes/i.test(name) && Math.abs(value) >= 65_536) return `${mebibytes(value)} MiB`
    const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(4))
    return `${rounded.toLocaleString('en')}${/Ms$/.test(name) ? ' ms' : ''}`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(1)

/** Two expectations on the same quantity draw the same chart; one is enough. */
function distinct(charts: readonly Chart[]): Chart[] {
  const keyOf = ({ title, series, limits }: Chart) =>
    JSON.stringify([title, series.map(({ name, t }) => [name, t.length]), limits])
  return [...new Map(charts.map((chart) => [keyOf(chart), chart])).values()]
}

/** Charts show one unit: bytes become MiB, so that an axis can be read. */
function chartOf(chart: Chart): ReportChart {
  const unit = chart.series[0]?.unit ?? 'count'
  const scale = unit === 'bytes' ? 1 / 1_048_576 : 1
  return {
    title: chart.title,
    unit: unit === 'bytes' ? 'MiB' : unit,
    series: chart.series.map((series) => ({ name: series.name, ...thinned(series, scale) })),
    limits: (chart.limits ?? []).map(({ name, v }) => ({ name, v: v * scale })),
  }
}

/** Keeps the highest and the lowest of every stretch, so that no peak is lost. */
function thinned({ t, v }: Series, scale: number): { t: number[]; v: (number | null)[] } {
  const stretch = Math.max(1, Math.ceil((2 * t.length) / pointsMax))
  const kept: number[] = []
  for (let from = 0; from < t.length; from += stretch) {
    const places = Array.from({ length: Math.min(stretch, t.length - from) }, (_, i) => from + i)
    const byValue = places.toSorted((a, b) => (v[a] ?? -Infinity) - (v[b] ?? -Infinity))
    const ends = [...new Set([byValue[0] ?? from, byValue.at(-1) ?? from])]
    kept.push(...ends.toSorted((a, b) => a - b))
  }
  return {
    t: kept.map((at) => seconds(t[at] ?? 0)),
    v: kept.map((at) => (v[at] == null ? null : Number(((v[at] ?? 0) * scale).toPrecision(6)))),
  }
}

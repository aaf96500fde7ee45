/** Turns judged runs into what a report shows: numbers made readable, times in seconds. */
import { basename } from 'node:path'
import type {
  Band,
  Fact,
  Report,
  ReportChart,
  ReportExpectation,
  ReportFault,
  ReportScenario,
  ReportTestimony,
  Verdict,
} from '../../reports/render/model.ts'
import type { Chart, Series } from '../checkers/checker.ts'
import type { SuiteResult, Unplayed } from '../conductor/suite.ts'
import { defectNames, defectOf } from '../defects/index.ts'
import type { FaultWindow } from '../history/windows.ts'
import { summed, worst, type JudgedExpectation } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'
import type { LoggedLine, Testimony } from '../judge/testimony.ts'
import { capabilitiesOf, sayTarget } from '../targets/registry.ts'
import { generalCharts } from './charts.ts'
import { inWords, sayValue } from './facts.ts'
import { findingRows, sayObservations } from './finding-rows.ts'

export interface ReportHead {
  readonly title: string
  readonly seed: string
  readonly reproduce: string
  readonly startedUnixMs: number
  readonly tookMs: number
  readonly reproduction?: NonNullable<Report['reproduction']>
}

/** More points than this are indistinguishable on a chart of half a screen's width. */
const pointsMax = 600

/** What was judged, and what could not even run, in one report. */
export function reportOf(
  head: ReportHead,
  all: readonly SuiteResult[],
  unplayed: readonly Unplayed[] = [],
): Report {
  const verdicts = [...all.map(({ verdict }) => verdict.verdict), ...unplayed.map(() => unknown)]
  return {
    schemaVersion: 1,
    title: head.title,
    verdict: worst(verdicts),
    seed: head.seed,
    startedAt: new Date(head.startedUnixMs).toISOString(),
    tookSeconds: head.tookMs / 1_000,
    reproduce: head.reproduce,
    ...(head.reproduction !== undefined && { reproduction: head.reproduction }),
    findings: findingRows(all, unplayed),
    scenarios: [...all.map(scenarioOf), ...unplayed.map(unplayedScenario)],
    environment: environmentOf(all[0]?.record),
  }
}

const unknown: Verdict = 'unknown'
/** A report that shows, for every scenario, why the whole run is incomplete. */
export function withTrouble(report: Report, trouble: string): Report {
  return {
    ...report,
    verdict: worst([report.verdict, unknown]),
    scenarios: report.scenarios.map((one) => ({ ...one, troubles: [...one.troubles, trouble] })),
  }
}

function unplayedScenario({ item, why }: Unplayed): ReportScenario {
  return {
    name: item.scenario.name,
    claim: item.scenario.claim,
    target: sayTarget(item.target),
    verdict: unknown,
    tookSeconds: 0,
    troubles: [why],
    phases: [],
    faults: [],
    expectations: [],
    charts: [],
    settings: [],
    unconfirmed: [],
    testimony: { ends: [], crash: [], before: [] },
  }
}

function scenarioOf({ folder, record, verdict, smaller, excerpt }: SuiteResult): ReportScenario {
  const { phases, faults, charts } = excerpt
  const own = verdict.expectations.flatMap(({ judgement }) => judgement.charts ?? [])
  const drawn = distinct([...own, ...charts])
  return {
    name: record.scenario.name,
    claim: record.scenario.claim,
    target: record.target.says,
    ...mistakeOf(record.target.defect),
    verdict: verdict.verdict,
    tookSeconds: record.tookMs / 1_000,
    folder: basename(folder),
    ...(smaller !== undefined && { smaller }),
    troubles: verdict.caveats.map(({ says }) => says),
    phases: phases.map(({ name, begin, end }) => band(name, begin, end)),
    faults: faults.map(faultOf),
    expectations: verdict.expectations.map((one) => ({
      ...expectationOf(one),
      charts: chartsOf(one, drawn, charts),
    })),
    charts: drawn.map(chartOf),
    settings: settingFacts(record),
    unconfirmed: capabilitiesOf(record.target).isOurs ? [] : unconfirmedOf(record),
    testimony: testimonyFacts(verdict.testimony),
  }
}

/** An old record may name a defect that no longer exists. */
function mistakeOf(name: string | undefined): Pick<ReportScenario, 'mistake'> {
  const known = defectNames.find((one) => one === name)
  return known === undefined ? {} : { mistake: defectOf(known).says }
}

const seconds = (micros: number) => micros / 1_000_000
const band = (name: string, begin: number, end: number): Band => ({
  name,
  from: seconds(begin),
  to: seconds(end),
})

function faultOf(fault: FaultWindow): ReportFault {
  const { says, ...evidence } = { ...fault.spec, ...fault.evidence }
  const effect = fault.isActive ? 'active' : 'had no effect'
  const outcome = fault.failure === undefined ? effect : 'failed'
  return {
    ...band(typeof says === 'string' ? says : fault.id, fault.begin, fault.end),
    outcome,
    evidence: inWords(evidence),
  }
}

/** A check without charts of its own shows those of input, output and clients. */
function chartsOf(
  { judgement }: JudgedExpectation,
  drawn: readonly Chart[],
  standard: readonly Chart[],
): number[] {
  const wanted = judgement.charts ?? standard.filter(({ title }) => generalCharts.has(title))
  const keys = new Set(wanted.map(keyOf))
  return drawn.flatMap((chart, index) => (keys.has(keyOf(chart)) ? [index] : []))
}

function expectationOf(one: JudgedExpectation): Omit<ReportExpectation, 'charts'> {
  const { judgement, expectation, detectedAfterMs } = one
  return {
    finding: one.finding,
    check: expectation.check,
    verdict: judgement.verdict,
    rule: judgement.rule,
    why: judgement.why,
    ...(judgement.fix !== undefined && { fix: judgement.fix }),
    exercised: judgement.exercised,
    observations: sayObservations(
      summed([{ count: judgement.exercised, of: judgement.counted ?? 'things' }]),
    ),
    ...(detectedAfterMs === undefined ? {} : { detectedAfter: detectedAfterMs / 1_000 }),
    ...(judgement.detectedAt !== undefined && { seenAt: seconds(judgement.detectedAt) }),
    evidence: inWords(judgement.evidence),
    anomalies: (judgement.anomalies ?? []).map((anomaly) => ({
      ...anomaly,
      shown: anomaly.witness.map(inWords),
    })),
  }
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Names of settings that were asked for and that the target does not report. */
const unconfirmedOf = ({ settings, effective }: RunRecord): string[] =>
  Object.keys(settings).filter((name) => effective[name] === undefined)

/** Settings as the target reports them, else as asked for, with a note. */
function settingFacts({ settings, effective }: RunRecord): Fact[] {
  return Object.entries({ ...settings, ...effective }).map(([name, value]): Fact => {
    const says = sayValue(name, value)
    if (!(name in settings)) return [name, says]
    if (effective[name] === undefined) return [name, `${says} (asked, not confirmed)`]
    if (isSame(settings[name], value)) return [name, says]
    return [name, `${says} (asked for ${sayValue(name, settings[name])})`]
  })
}

function testimonyFacts({ ends, crash, before }: Testimony): ReportTestimony {
  const factOf = ({ at, line }: LoggedLine): Fact => [`${seconds(at).toFixed(1)} s`, line]
  return { ends, crash: crash.map(factOf), before: before.map(factOf) }
}

function environmentOf(record: RunRecord | undefined): Fact[] {
  if (record === undefined) return []
  return [...inWords(record.machine), ...inWords(record.versions)]
}

const keyOf = ({ title, series, limits }: Chart) =>
  JSON.stringify([title, series.map(({ name, t }) => [name, t.length]), limits])

/** Two expectations on the same quantity draw the same chart; one is enough. */
function distinct(charts: readonly Chart[]): Chart[] {
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

/** Keeps the highest and lowest value and the holes of every stretch, so that no peak is lost. */
function thinned({ t, v }: Series, scale: number): { t: number[]; v: (number | null)[] } {
  const stretch = t.length <= pointsMax ? 1 : Math.ceil((3 * t.length) / pointsMax)
  const kept: number[] = []
  for (let from = 0; from < t.length; from += stretch) {
    const places = Array.from({ length: Math.min(stretch, t.length - from) }, (_, i) => from + i)
    const byValue = places
      .filter((at) => v[at] != null)
      .toSorted((a, b) => (v[a] ?? 0) - (v[b] ?? 0))
    // Holes are kept: no line may be drawn where nothing is known.
    const hole = places.find((at) => v[at] == null)
    const kinds = [byValue[0], byValue.at(-1), hole].filter((at) => at !== undefined)
    kept.push(...[...new Set(kinds)].toSorted((a, b) => a - b))
  }
  return {
    t: kept.map((at) => seconds(t[at] ?? 0)),
    v: kept.map((at) => (v[at] == null ? null : Number(((v[at] ?? 0) * scale).toPrecision(6)))),
  }
}

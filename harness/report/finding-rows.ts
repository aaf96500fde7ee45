/**
 * One row for each finding, however many scenarios judged it. The worst verdict decides, and
 * failures come first.
 */
import type { ReportFinding, Verdict } from '../../reports/render/model.ts'
import { planOf } from '../conductor/plan.ts'
import type { SuiteResult, Unplayed } from '../conductor/suite.ts'
import { findings, type Finding } from '../findings/findings.ts'
import { streamFinding, summed, worst, type Observations } from '../judge/judge.ts'
import { knownOfReference, timingOf } from '../targets/environment.ts'
import { sayTarget } from '../targets/registry.ts'

const streamClaim: Finding = {
  audit: 'claim of this project',
  part: 'relay',
  says: 'A record is lost, duplicated, reordered or altered, or the relay dies.',
}

const known: Readonly<Record<string, Finding>> = { ...findings, [streamFinding]: streamClaim }

/** A row with its observations still as numbers, so that rows can be added. */
interface Row extends Omit<ReportFinding, 'observations' | 'scenarioCount'> {
  readonly seen: readonly Observations[]
}

/** A row for each finding and target: failures first, then unknowns, then passes. */
export function findingRows(
  all: readonly SuiteResult[],
  unplayed: readonly Unplayed[],
): ReportFinding[] {
  const rows = [...all.flatMap(rowsOf), ...unplayed.flatMap(openRows)]
  const byFinding = Map.groupBy(rows, ({ id, target }) => JSON.stringify([id, target]))
  return [...byFinding.values()].map(together).toSorted(byGravity)
}

/** `3 polls, 12 scrapes`. */
export const sayObservations = (all: readonly Observations[]): string =>
  all.map(({ count, of }) => `${count.toLocaleString('en')} ${inNumber(count, of)}`).join(', ')

/** `values of /version`, of which there may be one: its first plural becomes a singular. */
const inNumber = (count: number, of: string): string =>
  count === 1 ? of.replace(/(?:ies|s)\b/, (ending) => (ending === 'ies' ? 'y' : '')) : of

function rowsOf({ record, verdict }: SuiteResult): Row[] {
  return verdict.findings.map((one) => ({
    ...describe(one.finding),
    scenario: record.scenario.name,
    target: record.target.says,
    verdict: one.verdict,
    why: one.why,
    ...(one.fix !== undefined && { fix: one.fix }),
    exercised: one.exercised,
    seen: one.observations,
  }))
}

/** The findings of scenarios that did not run: a report without them would look complete. */
function openRows({ item: { scenario, target }, why }: Unplayed): Row[] {
  const { relay } = scenario
  const { expectations } = planOf(scenario, timingOf(relay, knownOfReference(relay)))
  return [...new Set(expectations.map(({ finding }) => finding))].map((id) => ({
    ...describe(id),
    scenario: scenario.name,
    target: sayTarget(target),
    verdict: 'unknown',
    why,
    exercised: 0,
    seen: [],
  }))
}

const describe = (id: string) => ({
  id,
  says: known[id]?.says ?? '',
  audit: known[id]?.audit ?? '',
})

/** Among scenarios with the same verdict, the one with the most observations is shown. */
function together(rows: readonly Row[]): ReportFinding {
  const verdict = worst(rows.map((row) => row.verdict))
  const [decisive] = rows
    .filter((row) => row.verdict === verdict)
    .toSorted((a, b) => b.exercised - a.exercised)
  const { seen: _, ...row } = decisive as Row
  return {
    ...row,
    scenarioCount: rows.length,
    exercised: rows.reduce((sum, one) => sum + one.exercised, 0),
    observations: sayObservations(summed(rows.flatMap(({ seen }) => seen))),
  }
}

const order: readonly Verdict[] = ['fail', 'unknown', 'pass', 'not-applicable']
const byGravity = (a: ReportFinding, b: ReportFinding) =>
  order.indexOf(a.verdict) - order.indexOf(b.verdict)

/**
 * The harness's check of itself: every damage is done to every recording, and the judge must find
 * it by name. What a cell holds is one of: found, missed, or the reason why it cannot be found.
 */
import type { Verdict } from '../checkers/checker.ts'
import { historyOf } from '../history/history.ts'
import { judge, streamFinding, type RunVerdict } from '../judge/judge.ts'
import type { RunRecord } from '../judge/record.ts'
import { forDamage, type Damage, type Damaged, type Given } from './damage.ts'

export interface Cell {
  readonly scenario: string
  readonly damage: string
  /**
   * `found`: by one of its rules. `missed`: by none of them. `cannot`: not detectable in this
   * scenario. `nothing`: there is nothing to damage.
   */
  readonly is: 'found' | 'missed' | 'cannot' | 'nothing'
  /** The rule that found it, or why it was not found. */
  readonly says: string
  /** Rules that found anything at all, right or wrong. */
  readonly rules: readonly string[]
}

/** Does one damage to one recording and judges what is left. */
export function check(given: Given, damage: Damage): Cell {
  const base = { scenario: given.scenario, damage: damage.name, rules: [] }
  const cannot = damage.cannot?.[given.scenario] ?? notClaimed(given.record, damage)
  if (cannot !== undefined) return { ...base, is: 'cannot', says: cannot }
  const damaged = damage.apply(forDamage(given, damage.name))
  if (damaged === undefined) return { ...base, is: 'nothing', says: 'it has nothing of the kind' }
  if (typeof damaged === 'string') return { ...base, is: 'cannot', says: damaged }
  return { ...base, ...judged(given, damage, damaged) }
}

function judged(
  given: Given,
  damage: Damage,
  damaged: Damaged,
): Pick<Cell, 'is' | 'says' | 'rules'> {
  const { verdicts } = damage
  const record = damaged.record ?? given.record
  // Whoever must be in doubt must be so in all; a failure need be seen by one.
  const asked = verdicts === undefined ? onlyOf(record, damage) : distinct(record)
  const run = judge(historyOf(damaged.events), asked)
  const rules = (verdicts ?? ['fail']).flatMap((verdict) => rulesOf(run, verdict))
  const isRight = (verdicts ?? ['fail']).includes(run.verdict)
  const rule = damage.finds.find((name) => rules.includes(name))
  if (isRight && rule !== undefined) return { is: 'found', says: rule, rules }
  const found = rules.length === 0 ? 'nothing was found' : `found was ${rules.join(', ')}`
  const says = `the run was called ${run.verdict}, and ${found}`
  return { is: 'missed', says, rules }
}

/** Expectations that every run has, besides those of its scenario. */
const always: readonly string[] = ['stream', 'stays-alive']
const seers = ({ seenBy = ['stream'] }: Damage): readonly string[] => seenBy

function notClaimed({ expectations }: RunRecord, damage: Damage): string | undefined {
  if (damage.verdicts !== undefined && damage.seenBy === undefined) return undefined
  const asked = new Set([...always, ...expectations.map(({ expectation }) => expectation.check)])
  if (seers(damage).some((name) => asked.has(name))) return undefined
  return `the scenario does not ask ${seers(damage).join(' or ')}`
}

/** The record with each expectation once: findings may share one. */
function distinct(record: RunRecord): RunRecord {
  const once = new Map(record.expectations.map((one) => [JSON.stringify(one.expectation), one]))
  return { ...record, expectations: [...once.values()] }
}

/** What every run must hold is judged in any case, with what this scenario says of it. */
function onlyOf(record: RunRecord, damage: Damage): RunRecord {
  const isAsked = ({ finding, expectation }: RunRecord['expectations'][number]) =>
    finding === streamFinding || seers(damage).includes(expectation.check)
  return { ...record, expectations: distinct(record).expectations.filter(isAsked) }
}

/** Names of all that speaks for the verdict: rules, violations behind them, and anomalies. */
export function rulesOf(run: RunVerdict, verdict: Verdict): string[] {
  const judgements = run.expectations
    .map(({ judgement }) => judgement)
    .filter((judgement) => judgement.verdict === verdict)
  const violations = judgements.flatMap(({ evidence }) => {
    const told = evidence['violations']
    return typeof told === 'string' ? told.split(', ').map((one) => one.replace(/ x\d+$/, '')) : []
  })
  return [
    ...new Set([
      ...judgements.map(({ rule }) => rule),
      ...violations,
      ...judgements.flatMap(({ anomalies = [] }) => anomalies.map(({ kind }) => kind)),
      ...(verdict === 'unknown' ? run.caveats.map(({ rule }) => rule) : []),
    ]),
  ]
}

/** What is wrong with a recording as it is: nothing, if it is what it must be. */
export function illness({ record, history }: Given): string | undefined {
  const { findings, verdict } = judge(history, record)
  const wrong = findings.find((one) => one.verdict !== 'pass' && one.verdict !== 'not-applicable')
  if (wrong !== undefined) return `${wrong.finding} is ${wrong.verdict}: ${wrong.why}`
  return verdict === 'pass' ? undefined : `it is judged as ${verdict}`
}

/** Of how many cells in which a damage could be found it was found. */
export function rateOf(cells: readonly Cell[]): { found: number; of: number } {
  const found = cells.filter(({ is }) => is === 'found').length
  const missed = cells.filter(({ is }) => is === 'missed').length
  return { found, of: found + missed }
}

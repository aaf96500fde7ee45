/**
 * The judge: a pure function from a history and the record of its run to verdicts. It runs every
 * stored expectation, applies the caveats of the run, and lets the worst decide. Any old run can be
 * judged again by better checkers.
 */
import type { Checker, Ground, Judgement, Verdict } from '../checkers/checker.ts'
import { cannotTell, notApplicable } from '../checkers/reading/conclude.ts'
import { checkers, type Expectation } from '../checkers/registry.ts'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { capabilitiesOf } from '../targets/registry.ts'
import { damageOf } from './own-evidence.ts'
import { concerns, caveatsOf } from './caveats.ts'
import type { Caveat } from './caveat.ts'
import type { RunRecord } from './record.ts'
import { testimonyOf, type Testimony } from './testimony.ts'

/** The finding for what must hold in every run. */
export const streamFinding = 'stream'

/** One expectation and its judgement. */
export interface JudgedExpectation {
  readonly finding: string
  readonly expectation: Expectation
  readonly judgement: Judgement
  /** From the first fault or malformed record to the first sign of the failure, ms. */
  readonly detectedAfterMs?: number
}

/** The verdict on a finding, from all its expectations. */
export interface FindingVerdict {
  readonly finding: string
  readonly verdict: Verdict
  /** The rule and the sentence of the expectation, or of the caveat, that decided. */
  readonly rule: string
  readonly why: string
  /** Of an `unknown`: how to get a verdict. */
  readonly fix?: string
  readonly exercised: number
  /** The same by what was counted: each check of the finding counts what it looks at. */
  readonly observations: readonly Observations[]
}

/** How often something was looked at. */
export interface Observations {
  readonly count: number
  /** In the plural. */
  readonly of: string
}

export interface RunVerdict {
  readonly scenario: string
  readonly verdict: Verdict
  readonly findings: readonly FindingVerdict[]
  readonly expectations: readonly JudgedExpectation[]
  /** What kept the run from proving more; empty in a good run. */
  readonly caveats: readonly Caveat[]
  /** What the target's own log and process show. */
  readonly testimony: Testimony
}

/** Expectations of every run, besides those of its scenario. */
const always: readonly Expectation[] = [{ check: 'stream' }, { check: 'stays-alive' }]

/** Judges a run. Never throws: a checker that does is `unknown`. */
export function judge(history: History, record: RunRecord): RunVerdict {
  const [damage] = damageOf(history, record)
  const expectations = expectationsOf(record).map(({ finding, expectation }) =>
    damage === undefined
      ? judged(history, record, finding, expectation)
      : { finding, expectation, judgement: unjudged(damage) },
  )
  const caveats = caveatsOf(history, record)
  const phases = record.phases.map(({ name }) => name)
  const findings = [...new Set(expectations.map(({ finding }) => finding))].map((finding) => {
    const own = expectations.filter((one) => one.finding === finding)
    const expected = own.map(({ expectation }) => expectation)
    const bearing = caveats.filter((one) => concerns(one, expected, phases))
    return findingVerdict(finding, own, bearing)
  })
  const verdict = worst(findings.map((one) => one.verdict))
  const signs = expectations.flatMap(({ judgement }) => judgement.detectedAt ?? [])
  const firstSign = signs.length > 0 ? Math.min(...signs) : undefined
  const testimony = testimonyOf(history, verdict, firstSign)
  return {
    scenario: record.scenario.name,
    verdict,
    findings,
    expectations,
    caveats,
    testimony,
  }
}

/**
 * fail > unknown > pass > not-applicable. Nothing at all is unknown.
 */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const order = ['fail', 'unknown', 'pass', 'not-applicable'] as const
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'unknown'
}

function expectationsOf({ expectations }: RunRecord): RunRecord['expectations'] {
  const named = new Set(expectations.map(({ expectation }) => expectation.check))
  const missing = always.filter(({ check }) => !named.has(check))
  return [
    ...expectations,
    ...missing.map((expectation) => ({ finding: streamFinding, expectation })),
  ]
}

function judged(
  history: History,
  { target }: RunRecord,
  finding: string,
  expectation: Expectation,
): JudgedExpectation {
  const isOfOurs = capabilitiesOf(target).isOurs || !judgesClient(expectation)
  const judgement = isOfOurs ? judgementOf(history, expectation) : clientNotUnderTest
  const { detectedAt } = judgement
  const base = { finding, expectation, judgement }
  if (detectedAt === undefined) return base
  const since = Math.max(0, detectedAt - firstDanger(history))
  return { ...base, detectedAfterMs: Math.round(since / 1_000) }
}

/** The reference client is part of the reference; a foreign relay answers for itself only. */
const judgesClient = (expectation: Expectation): boolean =>
  'judges' in expectation && expectation.judges === 'client'

const clientNotUnderTest = notApplicable(
  'client-not-under-test',
  "This is about the harness's own client, which is not part of the target.",
)

/** No judgement of an incomplete or altered history is evidence. */
const unjudged = ({ rule, says, fix }: Caveat): Judgement => cannotTell(rule, says, fix)

function judgementOf(history: History, { check, ...options }: Expectation): Judgement {
  const checker = checkers[check] as Checker<unknown>
  try {
    return checker.judge(history, options)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    const says = `The checker ${check} failed on this history: ${found}`
    return cannotTell('checker-threw', says, 'report it with the folder of the run')
  }
}

/** The first fault or the first malformed record; without either, the first phase. */
function firstDanger(history: History): Micros {
  const times = history.faults.map(({ begin }) => begin)
  for (const records of history.stream().records.values()) {
    const [first] = records.malformed.keys()
    if (first !== undefined) times.push(records.record(records.indexOf(first)).ackedAt)
  }
  return times.length > 0 ? Math.min(...times) : (history.phases[0]?.begin ?? 0)
}

function findingVerdict(
  finding: string,
  own: readonly JudgedExpectation[],
  caveats: readonly Caveat[],
): FindingVerdict {
  const judgements = own.map(({ judgement }) => judgement)
  const verdict = worst(judgements.map((one) => one.verdict))
  const exercised = judgements.reduce((sum, one) => sum + one.exercised, 0)
  const decisive = judgements.find((one) => one.verdict === verdict)
  const rule = decisive?.rule ?? 'nothing-expected'
  const why = verdict === 'pass' ? sayAll(judgements) : (decisive?.why ?? 'Nothing was expected.')
  const fix = decisive?.fix === undefined ? {} : { fix: decisive.fix }
  const observations = summed(
    judgements.map(({ exercised: count, counted: of = 'things' }) => ({ count, of })),
  )
  const base = { finding, verdict, exercised, observations }
  if (verdict === 'not-applicable') return { ...base, rule, why }
  const grounds = groundsOf(own)
  const invalidator = caveats.find(
    ({ invalidates, ground }) =>
      invalidates === 'everything' ||
      (verdict === 'pass' && invalidates === 'passes') ||
      (verdict === 'fail' && ground !== undefined && grounds.has(ground)),
  )
  if (invalidator === undefined) return { ...base, rule, why, ...fix }
  // Each expectation shows what its check found: here one cause is one sentence.
  const { rule: spoilt, says, fix: todo } = invalidator
  return { ...base, verdict: 'unknown', rule: spoilt, why: says, fix: todo }
}

/** Observations added up by kind; kinds without any are left out. */
export function summed(all: readonly Observations[]): Observations[] {
  const counts = new Map<string, number>()
  for (const { count, of } of all) counts.set(of, (counts.get(of) ?? 0) + count)
  return [...counts].filter(([, count]) => count > 0).map(([of, count]) => ({ count, of }))
}

/** What each failure among these rests on: one that rests on something else is proven by that. */
function groundsOf(own: readonly JudgedExpectation[]): ReadonlySet<Ground> {
  const failed = own.filter(({ judgement }) => judgement.verdict === 'fail')
  const all = failed.map(({ expectation }) => {
    const checker: Pick<Checker<unknown>, 'restsOn'> = checkers[expectation.check]
    return new Set(checker.restsOn)
  })
  return all.reduce((shared, one) => shared.intersection(one), all[0] ?? new Set())
}

const sayAll = (judgements: readonly Judgement[]): string => {
  const own = judgements.filter(({ verdict }) => verdict !== 'not-applicable')
  return own.map(({ why }) => why).join(' ')
}

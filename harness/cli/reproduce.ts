/**
 * `chaos reproduce`: one finding, side by side. The relay with the defect must fail by a rule that
 * the defect names, and the reference relay must pass; only both together prove the finding.
 */
import { findings, type FindingId } from '../findings/findings.ts'
import { scenarios, type ScenarioName } from '../../scenarios/index.ts'
import { defectOf, type DefectName } from '../defects/index.ts'
import type { FindingVerdict, RunVerdict } from '../judge/judge.ts'
import { selectStack } from '../stack/registry.ts'
import { defectOfTarget } from '../targets/registry.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import type { SuiteOutcome, SuiteResult } from '../conductor/suite.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { defectsOf } from './list.ts'
import { paint, plain, sayVerdict } from './console.ts'
import { runItems, type RunItemsOptions } from './run-items.ts'
import { quoted } from './quoted.ts'
import { selectFinding } from './select.ts'

/** The result of one relay: as expected or not. */
export interface Shown {
  readonly name: string
  readonly verdict: SuiteResult['verdict']['verdict']
  readonly rule: string
  readonly why: string
  readonly isReference: boolean
  readonly isAsExpected: boolean
  readonly fix?: string
}

export async function reproduce(
  given: CommandWorld,
  id: string,
  options: RunItemsOptions,
): Promise<number> {
  const finding = selectFinding(id)
  const names = defectsOf(finding) as DefectName[]
  if (names.length === 0) throw new UsageError(`there is no defect for ${finding} yet`)
  const outcome = await runItems(given, options, selectStack(), {
    title: `Reproduction of ${finding}`,
    reproduce: (seed) => `npm run chaos -- reproduce ${finding} --seed ${quoted(seed)}`,
    items: (seed) => itemsOf(names, seed),
    reproduction: (ran) => reproductionOf(finding, ran),
  })
  const shown = outcome.results.map((result) => show(finding, result))
  const isWhole = outcome.unplayed.length === 0 && !outcome.isInterrupted
  const isReproduced = isWhole && reproductionOf(finding, outcome).isReproduced
  const { says, audit } = findings[finding]
  const troubles = outcome.unplayed.map(({ item, why }) => `${item.scenario.name}: ${why}`)
  const told = { finding, says, isReproduced, shown, troubles }
  if (options.json) given.out.write(`${JSON.stringify(told)}\n`)
  else {
    const title = `${finding}: ${says} [${audit}]`
    const lacking = onceEach(outcome.unplayed)
    given.out.write(sideBySide(given, title, shown, lacking, outcome.page))
  }
  return exitCodes[isReproduced ? 'pass' : verdictOf(shown, isWhole)].code
}

/**
 * Without a reproduction: a failing reference is always a failure; then what could not
 * be judged is unknown; a defect that was judged and not detected is a failure.
 */
export function verdictOf(shown: readonly Shown[], isWhole: boolean): 'fail' | 'unknown' {
  if (shown.some(({ isReference, verdict }) => isReference && verdict === 'fail')) return 'fail'
  const isOpen = shown.some((one) => !one.isAsExpected && !isDecided(one))
  return isOpen || !isWhole ? 'unknown' : 'fail'
}

const isDecided = ({ verdict }: Shown) => verdict === 'pass' || verdict === 'fail'

/** The sentence at the head of the report. */
function reproductionOf(finding: FindingId, { results, unplayed }: SuiteOutcome) {
  const shown = results.map((result) => show(finding, result))
  const odd = shown.filter((one) => !one.isAsExpected)
  const isReproduced = unplayed.length === 0 && odd.length === 0
  const [reference] = shown
  const found = odd.map((one) => `${unexpected(one)} (${one.name}: ${one.verdict}, ${one.rule})`)
  const says = isReproduced
    ? `The ${reference?.name} passes; with the defect it fails by the rule that the defect names.`
    : `Not reproduced: ${found.join('; ') || 'not all of it ran'}.`
  return { isReproduced, says }
}

/** What is wrong with one of the two, in words. */
export function unexpected({ isReference, verdict, rule }: Shown): string {
  const who = isReference ? 'the reference relay' : 'the defect'
  if (verdict === 'unknown') return `${who} could not be judged`
  if (verdict === 'not-applicable') return `the finding does not apply to ${who}`
  if (isReference) return 'the reference relay failed'
  return verdict === 'fail'
    ? `the defect failed by another rule than its own (${rule})`
    : 'the defect was not detected'
}

const scenarioOf = (defect: DefectName) => defectOf(defect).scenario as ScenarioName

const command = (name: ScenarioName, seed: string) =>
  `npm run chaos -- run ${name} --seed ${quoted(seed)}`

/** A defect, played by the scenario that must detect it. */
export const defectItem = (defect: DefectName, seed: string): SuiteItem => ({
  scenario: scenarios[scenarioOf(defect)],
  target: { kind: 'reference', defect },
  reproduce: `${command(scenarioOf(defect), seed)} --defect ${defect}`,
})

/** A scenario on the reference relay, which must pass. */
export const referenceItem = (name: ScenarioName, seed: string): SuiteItem => ({
  scenario: scenarios[name],
  target: { kind: 'reference' },
  reproduce: command(name, seed),
})

function itemsOf(names: readonly DefectName[], seed: string): SuiteItem[] {
  return [
    ...[...new Set(names.map(scenarioOf))].map((name) => referenceItem(name, seed)),
    ...names.map((defect) => defectItem(defect, seed)),
  ]
}

/** Why what was not run was not: servers that did not start are one cause, not one a relay. */
const onceEach = (unplayed: SuiteOutcome['unplayed']): string[] =>
  [...new Set(unplayed.map(({ why }) => why))]
    .flatMap((why) => why.split('\n'))
    .map((line) => line.trim())

function shownOf(own?: FindingVerdict): Pick<Shown, 'verdict' | 'rule' | 'why' | 'fix'> {
  const { verdict = 'unknown', rule = 'not-judged', why = 'It was not judged.', fix } = own ?? {}
  return { verdict, rule, why, ...(fix !== undefined && { fix }) }
}

/** It must pass as a whole: one that fails for another reason proves nothing. */
function showReference({ verdict, findings: all }: RunVerdict, own?: FindingVerdict): Shown {
  const isElse = own?.verdict === 'pass' && verdict !== 'pass'
  const base = shownOf(isElse ? all.find((one) => one.verdict === verdict) : own)
  const name = 'reference relay'
  return { ...base, name, verdict, isReference: true, isAsExpected: verdict === 'pass' }
}

/** What was shown of a finding by one of the two relays. */
export function show(finding: FindingId, { item, verdict }: SuiteResult): Shown {
  const own = verdict.findings.find((one) => one.finding === finding)
  const defect = defectOfTarget(item.target)
  if (defect === undefined) return showReference(verdict, own)
  const base = shownOf(own)
  const found = base.verdict
  const rules = verdict.expectations
    .filter((one) => one.finding === finding && one.judgement.verdict === 'fail')
    .map(({ judgement }) => judgement.rule)
  const isForItsReason = rules.some((one) => defectOf(defect).rules.includes(one))
  const isAsExpected = found === 'fail' && isForItsReason
  return { name: defect, ...base, isReference: false, isAsExpected }
}

function sideBySide(
  { out }: CommandWorld,
  title: string,
  shown: readonly Shown[],
  troubles: readonly string[],
  page = 'could not be written',
): string {
  const rows = shown.flatMap((one) => [
    `  ${sayVerdict(out, one.verdict)} ${one.name}`,
    `          ${one.rule}: ${one.why}`,
    ...(one.fix === undefined ? [] : [`          fix: ${one.fix}`]),
    ...(one.isAsExpected ? [] : [paint(out, 'red', `          unexpected: ${unexpected(one)}`)]),
  ])
  const lacking = troubles.map((one) => paint(out, 'yellow', `  ${plain(one)}`))
  return ['', title, ...rows, ...lacking, '', `report: ${page}`, ''].join('\n')
}

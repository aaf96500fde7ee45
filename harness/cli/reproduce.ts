/**
 * `chaos reproduce`: one finding, side by side. The relay with the mistake put back must fail for
 * the rule that its defect names, and the reference relay must pass; only both together prove it.
 */
import { findings, type FindingId } from '../../scenarios/findings.ts'
import { scenarios, type ScenarioName } from '../../scenarios/index.ts'
import { defectOf, type DefectName } from '../defects/index.ts'
import type { FindingVerdict, RunVerdict } from '../judge/judge.ts'
import type { SuiteItem, SuiteOutcome, SuiteResult } from '../conductor/suite.ts'
import type { CommandWorld } from './command-world.ts'
import { exitCodes, UsageError } from './exit-codes.ts'
import { defectsOf } from './list.ts'
import { paint, sayVerdict } from './console.ts'
import { play, type PlayOptions } from './play.ts'
import { quoted } from './quoted.ts'
import { selectFinding } from './select.ts'

/** What became of one relay: as it should be, or not. */
interface Shown {
  readonly name: string
  readonly verdict: SuiteResult['verdict']['verdict']
  readonly rule: string
  readonly why: string
  readonly isAsExpected: boolean
}

export async function reproduce(
  given: CommandWorld,
  id: string,
  options: PlayOptions,
): Promise<number> {
  const finding = selectFinding(id)
  const names = defectsOf(finding) as DefectName[]
  if (names.length === 0) throw new UsageError(`no defect puts ${finding} back yet`)
  const performance = await play(given, options, {
    title: `Reproduction of ${finding}`,
    reproduce: (seed) => `npm run chaos -- reproduce ${finding} --seed ${quoted(seed)}`,
    items: (seed) => itemsOf(names, seed),
    reproduction: (outcome) => reproductionOf(finding, outcome),
  })
  const shown = performance.results.map((result) => show(finding, result))
  const isWhole = performance.unplayed.length === 0 && !performance.isInterrupted
  const isReproduced = isWhole && reproductionOf(finding, performance).isReproduced
  const { says, audit } = findings[finding]
  const troubles = performance.unplayed.map(({ item, why }) => `${item.scenario.name}: ${why}`)
  const told = { finding, says, isReproduced, shown, troubles }
  if (options.json) given.out.write(`${JSON.stringify(told)}\n`)
  else {
    const title = `${finding}: ${says} [${audit}]`
    given.out.write(sideBySide(given, title, shown, troubles, performance.page))
  }
  if (isReproduced) return exitCodes.pass.code
  return shown.some(({ verdict }) => verdict === 'unknown') || !isWhole
    ? exitCodes.unknown.code
    : exitCodes.fail.code
}

/** What the report says of it, at its head. */
function reproductionOf(finding: FindingId, { results, unplayed }: SuiteOutcome) {
  const shown = results.map((result) => show(finding, result))
  const odd = shown.filter((one) => !one.isAsExpected)
  const isReproduced = unplayed.length === 0 && odd.length === 0
  const [reference] = shown
  const found = odd.map(({ name, verdict, rule }) => `${name}: ${verdict} (${rule})`)
  const says = isReproduced
    ? `The ${reference?.name} passes; with the mistake put back it fails by the rule named for it.`
    : `This is not what was to be shown: ${found.join(', ') || 'not all of it was played'}.`
  return { isReproduced, says }
}

const scenarioOf = (defect: DefectName) => defectOf(defect).scenario as ScenarioName

function itemsOf(names: readonly DefectName[], seed: string): SuiteItem[] {
  const command = (name: ScenarioName) => `npm run chaos -- run ${name} --seed ${quoted(seed)}`
  return [
    ...[...new Set(names.map(scenarioOf))].map((name): SuiteItem => ({
      scenario: scenarios[name],
      target: { kind: 'reference' },
      reproduce: command(name),
    })),
    ...names.map((defect): SuiteItem => ({
      scenario: scenarios[scenarioOf(defect)],
      target: { kind: 'reference', defect },
      reproduce: `${command(scenarioOf(defect))} --defect ${defect}`,
    })),
  ]
}

function shownOf(own: FindingVerdict | undefined): Pick<Shown, 'verdict' | 'rule' | 'why'> {
  const { verdict = 'unknown', rule = 'not-judged', why = 'It was not judged.' } = own ?? {}
  return { verdict, rule, why }
}

/** It must pass as a whole: one that fails for something else shows nothing. */
function showReference({ verdict, findings: all }: RunVerdict, own?: FindingVerdict): Shown {
  const isElse = own?.verdict === 'pass' && verdict !== 'pass'
  const { rule, why } = shownOf(isElse ? all.find((one) => one.verdict === verdict) : own)
  return { name: 'reference relay', verdict, rule, why, isAsExpected: verdict === 'pass' }
}

function show(finding: FindingId, { item, verdict }: SuiteResult): Shown {
  const own = verdict.findings.find((one) => one.finding === finding)
  const defect = item.target.kind === 'reference' ? item.target.defect : undefined
  if (defect === undefined) return showReference(verdict, own)
  const base = shownOf(own)
  const found = base.verdict
  const rules = verdict.expectations
    .filter((one) => one.finding === finding && one.judgement.verdict === 'fail')
    .map(({ judgement }) => judgement.rule)
  const isForItsReason = rules.some((one) => defectOf(defect).rules.includes(one))
  return { name: defect, ...base, isAsExpected: found === 'fail' && isForItsReason }
}

function sideBySide(
  { out }: CommandWorld,
  title: string,
  shown: readonly Shown[],
  troubles: readonly string[],
  page = 'could not be written',
): string {
  const rows = shown.flatMap(({ name, verdict, rule, why, isAsExpected }) => [
    `  ${sayVerdict(out, verdict)} ${name}`,
    `          ${rule}: ${why}`,
    ...(isAsExpected ? [] : [paint(out, 'red', '          this is not what was to be shown')]),
  ])
  const lacking = troubles.map((one) => paint(out, 'yellow', `  ${one}`))
  return ['', title, ...rows, ...lacking, '', `report: ${page}`, ''].join('\n')
}

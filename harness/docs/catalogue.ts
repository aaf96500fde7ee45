/**
 * CATALOG.md: what every scenario claims, does and expects, with its times on the reference relay;
 * then every malformed record and hostile frame with the expected reaction.
 */
import type { Finding } from '../findings/findings.ts'
import { checkers, type Expectation } from '../checkers/registry.ts'
import { planOf, streamFinding } from '../conductor/plan.ts'
import type { Plan, PlannedPhase } from '../conductor/planned.ts'
import type { Defect } from '../defects/defect.ts'
import type { Scenario } from '../dsl/scenario.ts'
import { sayFault } from '../faults/registry.ts'
import { sayStimulus } from '../stimuli/registry.ts'
import type { HostileFrame } from '../wire/hostile-frames.ts'
import type { Malformed } from '../records/malformed.ts'
import { environmentOf, knownOfReference, timingOf } from '../targets/environment.ts'
import { sayBytes, sayMs, sayNumber, saySeconds } from '../world/amounts.ts'
import { anchor, capital, code, codes, page, paragraph, prose, table } from './markdown.ts'
import { printHostileFrames, printMalformed } from './reactions.ts'
import { sayGroup, sayLoad } from './groups.ts'

export interface CatalogueTables {
  readonly scenarios: Readonly<Record<string, Scenario>>
  readonly findings: Readonly<Record<string, Finding>>
  readonly defects: Readonly<Record<string, Defect>>
  readonly malformed: Readonly<Record<string, Malformed>>
  readonly hostileFrames: readonly HostileFrame[]
}

export function printCatalogue(tables: CatalogueTables): string {
  const planned = Object.values(tables.scenarios).map((scenario) => ({
    scenario,
    plan: planOf(scenario, timingOf(scenario.relay, knownOfReference(scenario.relay))),
  }))
  return page(
    ['# Catalogue', ''],
    paragraph(
      'Every scenario: what it claims, what it sends and breaks, what must hold, and the defects',
      'that it must detect. Times are those on the reference relay; they follow the time limits of',
      'the relay that is judged.',
    ),
    table(
      ['scenario', 'findings', 'time', 'suites'],
      planned.map(({ scenario, plan }) => overview(scenario, plan)),
    ),
    paragraph(
      'Each scenario ends with a phase `settle`, in which nothing is sent and all clients catch',
      `up. Below: [malformed records](#${anchor(malformedTitle)}) and [hostile`,
      `frames](#${anchor(hostileTitle)}).`,
    ),
    planned.flatMap(({ scenario, plan }) => printScenario(tables, scenario, plan)),
    [`## ${malformedTitle}`, '', ...printMalformed(tables.malformed)],
    [`## ${hostileTitle}`, '', ...printHostileFrames(tables.hostileFrames)],
  )
}

const malformedTitle = 'Malformed records'
const hostileTitle = 'Hostile frames'

function overview({ name, suites }: Scenario, plan: Plan): readonly string[] {
  const totalMs = plan.phases.reduce((sum, { ms }) => sum + ms, 0)
  const answers = findingsOf(plan).join(', ')
  return [`[${name}](#${anchor(name)})`, answers, saySeconds(totalMs), suites.join(', ')]
}

/** The findings of a plan, each once, without the stream, which is judged in every scenario. */
const findingsOf = ({ expectations }: Plan): readonly string[] => [
  ...new Set(expectations.map(({ finding }) => finding).filter((one) => one !== streamFinding)),
]

function printScenario(tables: CatalogueTables, scenario: Scenario, plan: Plan): readonly string[] {
  const { name, claim, topic, load, fleet, relay } = scenario
  const settings = Object.entries(environmentOf(relay)).map(([env, value]) => `${env}=${value}`)
  const groups = Object.entries(fleet).map(([group, spec]) => sayGroup(group, spec))
  return [
    `## ${name}`,
    '',
    `> ${claim}`,
    '',
    `\`npm run chaos -- run ${name}\``,
    '',
    `- load: ${sayLoad(load)}, a topic of ${topic.partitions} partitions`,
    `- clients: ${groups.join(' · ')}`,
    `- settings of the relay: ${codes(settings)}`,
    '',
    ...printFindings(tables, plan),
    ...table(
      ['phase', 'time', 'load', 'faults', 'sent besides the load'],
      plan.phases.map((phase) => phaseCells(scenario, phase)),
    ),
    ...table(['finding', 'what must hold', 'options'], expectationCells(plan)),
    ...printDefects(tables.defects, name),
  ]
}

function printFindings({ findings }: CatalogueTables, plan: Plan): readonly string[] {
  const cells = findingsOf(plan).map((id) => {
    const { says = '', audit = '', part = '' } = findings[id] ?? {}
    return [id, prose(says), part, audit]
  })
  return table(['finding', 'what is wrong', 'part', 'source'], cells)
}

function phaseCells(scenario: Scenario, phase: PlannedPhase): readonly string[] {
  const isOther = JSON.stringify(phase.load) !== JSON.stringify(scenario.load)
  const [first, ...more] = phase.prelude.map(sayStimulus)
  const prelude = first === undefined ? [] : [[`first ${first}`, ...more].join(' and ')]
  const [last, ...others] = (phase.closing ?? []).map(sayStimulus)
  const closing = last === undefined ? [] : [[`at the end ${last}`, ...others].join(' and ')]
  return [
    code(phase.name),
    phase.awaitsReplaysMs === 0
      ? saySeconds(phase.ms)
      : `${saySeconds(phase.ms)}, and up to ${saySeconds(phase.awaitsReplaysMs)} for replays`,
    isOther ? sayLoad(phase.load) : 'default',
    phase.faults.map((fault) => prose(sayFault(fault))).join('; '),
    [...prelude, ...phase.stimuli.map(sayStimulus), ...closing].join('; then '),
  ]
}

const expectationCells = ({ expectations }: Plan): readonly (readonly string[])[] =>
  expectations.map(({ finding, expectation }) => [
    finding,
    `${prose(checkers[expectation.check].says)} (${code(expectation.check)})`,
    sayOptions(expectation),
  ])

/** The options of a checker, with the units that their names end with. */
function sayOptions(expectation: Expectation): string {
  return Object.entries(expectation)
    .filter(([name]) => name !== 'check')
    .map(([name, value]) => {
      const unit = unitRules.find(([ending]) => name.endsWith(ending))
      if (unit === undefined || typeof value !== 'number') {
        return value === true ? words(name) : `${words(name)} ${sayValue(value)}`
      }
      const [ending, say] = unit
      return `${words(name.slice(0, -ending.length))} ${say(value)}`
    })
    .join(', ')
}

const words = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

const unitRules: readonly (readonly [ending: string, say: (amount: number) => string])[] = [
  ['BytesPerSecond', (amount) => `${sayBytes(amount)}/s`],
  ['Bytes', sayBytes],
  ['Ms', sayMs],
]

function sayValue(value: unknown): string {
  if (typeof value === 'number') return sayNumber(value)
  if (Array.isArray(value)) return codes(value.map(String))
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}

function printDefects(defects: CatalogueTables['defects'], scenario: string): readonly string[] {
  const cells = Object.entries(defects)
    .filter(([, defect]) => defect.scenario === scenario)
    .map(([name, { finding, part, says, rules }]) => [
      code(name),
      finding,
      part,
      prose(capital(says)),
      codes(rules),
    ])
  if (cells.length === 0) return []
  return table(['defect', 'finding', 'part', 'what it does wrong', 'detected by rule'], cells)
}

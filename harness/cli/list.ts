/**
 * `chaos list`: what can be run and reproduced. One line each, so that a topic fits a screen; the
 * details are in CATALOG.md and in `--json`.
 */
import { findings, type FindingId } from '../findings/findings.ts'
import { scenarios } from '../../scenarios/index.ts'
import { defects } from '../defects/index.ts'
import { malformedKinds } from '../records/malformed.ts'
import { stackKinds } from '../stack/registry.ts'
import { capabilityWords, type Capabilities } from '../targets/kind.ts'
import { askedFor, targetKinds, type TargetKindName } from '../targets/registry.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes } from '../world/exit-codes.ts'
import { known as nameIn } from '../world/nearest.ts'
import { randomSuite, suiteNames } from './select.ts'

/** A thing of a topic: its columns for people, its fields for machines. */
interface Row {
  readonly columns: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

interface Topic {
  readonly says: string
  readonly rows: () => readonly Row[]
}

const topics = {
  suites: { says: 'scenarios that run together: chaos run --suite <name>', rows: suiteRows },
  scenarios: { says: 'what can be tested: chaos run <name>', rows: scenarioRows },
  findings: { says: 'what audits found: chaos reproduce <id>', rows: findingRows },
  defects: {
    says: 'findings put back on purpose: chaos run <scenario> --defect <name>',
    rows: defectRows,
  },
  targets: { says: 'relays that can be judged: chaos run --target', rows: targetRows },
  stacks: { says: 'servers that a run uses: chaos run --stack', rows: stackRows },
  kinds: { says: 'malformed records: chaos run <scenario> --kinds <names>', rows: kindRows },
} as const satisfies Record<string, Topic>

export const topicNames = Object.keys(topics) as readonly (keyof typeof topics)[]

export function list(
  { out }: CommandWorld,
  name: string | undefined,
  options: { json?: boolean },
): Promise<number> {
  const chosen = name === undefined ? topicNames : [nameIn('topic', name, topicNames)]
  if (options.json === true) {
    const fields = (topic: keyof typeof topics) => topics[topic].rows().map((row) => row.fields)
    const catalogue = Object.fromEntries(chosen.map((topic) => [topic, fields(topic)]))
    out.write(`${JSON.stringify(catalogue, undefined, 2)}\n`)
    return Promise.resolve(exitCodes.pass.code)
  }
  const [topic] = chosen
  const lines = name === undefined || topic === undefined ? overview() : linesOf(topic)
  for (const line of lines) out.write(`${out.isTerminal ? fitting(line, out.columns) : line}\n`)
  return Promise.resolve(exitCodes.pass.code)
}

/** Names of the defects that put a finding back. */
export const defectsOf = (finding: FindingId): string[] =>
  Object.entries(defects)
    .filter(([, defect]) => defect.finding === finding)
    .map(([name]) => name)

function overview(): string[] {
  const rows = topicNames.map((topic) => {
    const { says, rows: rowsOf } = topics[topic]
    return [`chaos list ${topic}`, String(rowsOf().length), says]
  })
  return aligned(rows)
}

const linesOf = (topic: keyof typeof topics): string[] =>
  aligned(topics[topic].rows().map(({ columns }) => columns))

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widthAt = (at: number) => Math.max(...rows.map((row) => row[at]?.length ?? 0))
  const widths = (rows[0] ?? []).map((_, at) => widthAt(at))
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd())
}

const fitting = (line: string, columns: number) =>
  line.length <= columns ? line : `${line.slice(0, Math.max(columns - 1, 0))}…`

function suiteRows(): Row[] {
  const named = suiteNames.map((name) => {
    const own = Object.values(scenarios).filter(({ suites }) => suites.includes(name))
    const names = own.map((scenario) => scenario.name)
    return { columns: [name, `${names.length} scenarios`], fields: { name, scenarios: names } }
  })
  const says = 'random schedules drawn from --seed; --for 10m runs as many as fit'
  return [...named, { columns: [randomSuite, says], fields: { name: randomSuite, scenarios: [] } }]
}

function scenarioRows(): Row[] {
  return Object.values(scenarios).map(({ name, claim, suites }) => ({
    columns: [name, suites.join(', '), claim],
    fields: { name, claim, suites },
  }))
}

/** Findings about the client are marked: they do not apply to another relay. */
function findingRows(): Row[] {
  return Object.entries(findings).map(([id, { says, audit, part }]) => ({
    columns: [id, part, says],
    fields: { id, says, audit, part, defects: defectsOf(id as FindingId) },
  }))
}

function defectRows(): Row[] {
  return Object.entries(defects).map(([name, { finding, scenario, says }]) => ({
    columns: [name, scenario, says],
    fields: { name, finding, scenario, says },
  }))
}

/** A kind of target, and what can be done with it. */
function targetRows(): Row[] {
  return Object.entries(targetKinds).map(([name, { says, capabilities }]) => {
    const form = askedFor(name as TargetKindName)
    return {
      columns: [name, form, says, wordsOf(capabilities)],
      fields: { name, form, says, capabilities },
    }
  })
}

const wordsOf = (capabilities: Capabilities): string =>
  (Object.keys(capabilityWords) as (keyof Capabilities)[])
    .filter((one) => capabilities[one])
    .map((one) => capabilityWords[one])
    .join(', ')

function stackRows(): Row[] {
  return Object.entries(stackKinds).map(([name, { form, says }]) => ({
    columns: [name, `--stack ${form}`, says],
    fields: { name, form, says },
  }))
}

function kindRows(): Row[] {
  return Object.entries(malformedKinds).map(([name, { says }]) => ({
    columns: [name, says],
    fields: { name, says },
  }))
}

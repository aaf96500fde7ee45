/** Turns what was typed into what is meant: scenarios, findings, targets, settings. */
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import {
  settingRows,
  type SettingKey,
  type SettingRow,
  type Settings,
} from '../../relay/tables/settings.ts'
import { scenarios, scenarioNames } from '../../scenarios/index.ts'
import { findings, type FindingId } from '../../scenarios/findings.ts'
import { defectNames } from '../defects/index.ts'
import type { RelaySettings, Scenario } from '../dsl/scenario.ts'
import type { TargetSpec } from '../targets/target.ts'
import { UsageError } from './exit-codes.ts'
import { known } from './nearest.ts'

export const suiteNames = ['quick', 'nightly', 'soak'] as const

/** Scenarios by name, or all of a suite; in the order in which they stand in the suite. */
export function selectScenarios(names: readonly string[], suite: string | undefined): Scenario[] {
  if (names.length > 0 && suite !== undefined) {
    throw new UsageError('name scenarios or a suite, not both')
  }
  if (names.length > 0) {
    return names.map((name) => scenarios[known('scenario', name, scenarioNames)])
  }
  const wanted = known('suite', suite ?? 'quick', suiteNames)
  return Object.values(scenarios).filter(({ suites }) => suites.includes(wanted))
}

export function selectFinding(id: string): FindingId {
  return known('finding', id, Object.keys(findings) as FindingId[])
}

/** What `--target`, `--target-command`, `--defect` and `--stack` together mean. */
export function selectTarget(options: {
  target?: string
  targetCommand?: string
  defect?: string
  stack?: string
}): TargetSpec {
  const { target, targetCommand, defect, stack } = options
  if (targetCommand !== undefined) {
    if (target !== undefined) throw new UsageError('give --target or --target-command, not both')
    if (defect !== undefined) throw new UsageError('only the reference relay has defects')
    return { kind: 'command', command: targetCommand }
  }
  if (target === undefined || target === 'reference') {
    return defect === undefined
      ? { kind: 'reference' }
      : { kind: 'reference', defect: known('defect', defect, defectNames) }
  }
  if (defect !== undefined) throw new UsageError('only the reference relay has defects')
  const url = urlOf(target)
  if (stack === undefined) {
    throw new UsageError(
      'a relay that runs already reads a topic of its own, and only what we produce there can ' +
        'be judged: name its servers, topics and group with --stack <file> (see README.md), ' +
        'or let us start it with --target-command',
    )
  }
  return { kind: 'url', url }
}

/** The URL of a relay as http. TLS is refused: neither clients nor samplers here speak it. */
function urlOf(target: string): string {
  const url = URL.canParse(target) ? new URL(target) : undefined
  const isPlain = url?.protocol === 'http:' || url?.protocol === 'ws:'
  if (url !== undefined && isPlain && url.hostname !== '') return `http://${url.host}`
  throw new UsageError(
    `--target must be "reference" or a URL such as http://host:3002, without TLS; got ` +
      `"${target}"; for a command use --target-command`,
  )
}

/** `--set key=value`, by our key or by the env name, in the unit of that name. */
export function selectSettings(pairs: readonly string[]): RelaySettings {
  return Object.assign({}, ...pairs.map(settingOf)) as RelaySettings
}

const keys = Object.keys(settingRows) as SettingKey[]
const keyByEnv = new Map<string, SettingKey>(keys.map((key) => [settingRows[key].env, key]))

function settingOf(pair: string): Partial<Settings> {
  const equals = pair.indexOf('=')
  if (equals < 1) throw new UsageError(`--set wants name=value, got "${pair}"`)
  const name = pair.slice(0, equals)
  const typed = known('setting', name, [...keys, ...keyByEnv.keys()])
  const key = keyByEnv.get(typed) ?? (typed as SettingKey)
  const row: SettingRow = settingRows[key]
  const text = pair.slice(equals + 1)
  return { [key]: valueOf(row, key, keyByEnv.has(typed) ? text : contractText(row, name, text)) }
}

/** A value in the house's unit as it stands in the env contract. */
function contractText(row: SettingRow, name: string, text: string): string {
  if (row.kind !== 'number') return text
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return String(value / row.scale)
  throw new UsageError(`${name} wants a number, got "${text}"`)
}

/** Reads a value as the relay will: what it refuses at its start is refused here. */
function valueOf(row: SettingRow, key: SettingKey, text: string): Settings[SettingKey] {
  const parsed = parseSettings({ [row.env]: text })
  if (parsed.ok) return parsed.settings[key]
  const own = parsed.problems.filter((problem) => problem.startsWith(row.env))
  throw new UsageError(own.length > 0 ? own.join('; ') : parsed.problems.join('; '))
}

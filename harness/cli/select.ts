/** Turns what was typed into what is meant: scenarios, findings, targets, settings. */
import { settingRows, type SettingKey, type Settings } from '../../relay/tables/settings.ts'
import { scenarios, scenarioNames } from '../../scenarios/index.ts'
import { findings, type FindingId } from '../../scenarios/findings.ts'
import { defectNames } from '../defects/index.ts'
import type { RelaySettings, Scenario } from '../dsl/scenario.ts'
import type { TargetSpec } from '../targets/target.ts'
import { UsageError } from './exit-codes.ts'
import { known } from './nearest.ts'

export const suiteNames = ['quick', 'nightly'] as const

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

/** What `--target`, `--target-command` and `--defect` together mean. */
export function selectTarget(options: {
  target?: string
  targetCommand?: string
  defect?: string
}): TargetSpec {
  const { target, targetCommand, defect } = options
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
  if (!/^(?:https?|wss?):\/\/[^/]+/.test(target)) {
    throw new UsageError(
      `--target must be "reference" or a URL such as http://host:3002, got "${target}"; ` +
        'for a command use --target-command',
    )
  }
  if (defect !== undefined) throw new UsageError('only the reference relay has defects')
  return { kind: 'url', url: target }
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
  const key = known('setting', name, [...keys, ...keyByEnv.keys()])
  const own = keyByEnv.get(key) ?? (key as SettingKey)
  const row = settingRows[own]
  const text = pair.slice(equals + 1)
  if (row.kind === 'flag') return { [own]: text === 'true' || text === '1' }
  if (row.kind === 'list') return { [own]: text.split(',') }
  if (row.kind !== 'number') return { [own]: text }
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UsageError(`${name} wants a number, got "${text}"`)
  }
  return { [own]: keyByEnv.has(key) ? value * row.scale : value }
}

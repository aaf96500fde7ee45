/** Parses scenarios, findings, malformed kinds and settings from arguments. */
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import {
  settingRows,
  type SettingKey,
  type SettingRow,
  type Settings,
} from '../../relay/tables/settings.ts'
import { formerScenarioNames } from '../../scenarios/former-names.ts'
import { scenarios, scenarioNames } from '../../scenarios/index.ts'
import { findings, type FindingId } from '../findings/findings.ts'
import type { RelaySettings } from '../targets/timing.ts'
import type { Scenario } from '../dsl/scenario.ts'
import { allMalformedKinds, everyMalformedKind, type MalformedKind } from '../records/malformed.ts'
import { UsageError } from '../world/exit-codes.ts'
import { known as nameIn } from '../world/nearest.ts'

export const suiteNames = ['quick', 'nightly', 'soak'] as const
/** The suite of random schedules. */
export const randomSuite = 'random'

/**
 * Scenarios by name, or all of a suite, in the order of the suite.
 *
 * @param hint called for a former name, which is accepted for one more version
 */
export function selectScenarios(
  names: readonly string[],
  suite: string | undefined,
  hint: (says: string) => void = () => undefined,
): Scenario[] {
  if (names.length > 0 && suite !== undefined) {
    throw new UsageError('name scenarios or a suite, not both')
  }
  if (names.length > 0) {
    return names.map((name) => scenarios[nameIn('scenario', ofToday(name, hint), scenarioNames)])
  }
  const wanted = nameIn('suite', suite ?? 'quick', [...suiteNames, randomSuite])
  return Object.values(scenarios).filter(({ suites }) => suites.some((one) => one === wanted))
}

function ofToday(name: string, hint: (says: string) => void): string {
  if (!Object.hasOwn(formerScenarioNames, name)) return name
  const today = formerScenarioNames[name] ?? name
  hint(`scenario ${name} is now ${today}; the next version drops the old name`)
  return today
}

export function selectFinding(id: string): FindingId {
  return nameIn('finding', id, Object.keys(findings) as FindingId[])
}

/** `--kinds a,b`, or all but some: `all,-a`. In the order of their table. */
export function selectKinds(text: string): MalformedKind[] {
  const chosen = new Set<MalformedKind>()
  for (const word of text.split(',')) {
    const isOut = word.startsWith('-')
    const name = isOut ? word.slice(1) : word
    const isAll = name === 'all'
    const kinds = isAll ? allMalformedKinds : [nameIn('malformed kind', name, everyMalformedKind)]
    for (const kind of kinds) {
      if (isOut) chosen.delete(kind)
      else chosen.add(kind)
    }
  }
  if (chosen.size > 0) return everyMalformedKind.filter((kind) => chosen.has(kind))
  throw new UsageError(`--kinds ${text} leaves no malformed kind`)
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
  const typed = nameIn('setting', name, [...keys, ...keyByEnv.keys()])
  const key = keyByEnv.get(typed) ?? (typed as SettingKey)
  const row: SettingRow = settingRows[key]
  const text = pair.slice(equals + 1)
  return { [key]: valueOf(row, key, keyByEnv.has(typed) ? text : contractText(row, name, text)) }
}

/** A value in our unit as text of the environment variable. */
function contractText(row: SettingRow, name: string, text: string): string {
  if (row.kind !== 'number') return text
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return String(value / row.scale)
  throw new UsageError(`${name} wants a number, got "${text}"`)
}

/** Parses a value as the relay will: what it refuses at its start is refused here. */
function valueOf(row: SettingRow, key: SettingKey, text: string): Settings[SettingKey] {
  const parsed = parseSettings({ [row.env]: text })
  // A value that a relay would clamp is surely a mistake.
  const moved = parsed.ok ? parsed.warnings.find((one) => one.startsWith(row.env)) : undefined
  if (moved !== undefined) throw new UsageError(boundsOf(row, text))
  if (parsed.ok) return parsed.settings[key]
  const own = parsed.problems.filter((problem) => problem.startsWith(row.env))
  throw new UsageError(own.length > 0 ? own.join('; ') : parsed.problems.join('; '))
}

function boundsOf(row: SettingRow, text: string): string {
  if (row.kind !== 'number') return `${row.env}: "${text}" is not allowed`
  const { env, min, max, unit, zeroMeans } = row
  const zero = zeroMeans === undefined ? '' : `, or 0 for ${zeroMeans}`
  return `${env}: wanted ${min} to ${max} ${unit}${zero}; found ${text}`
}

/**
 * Translates between settings in the house's units and the environment contract of a relay, both
 * ways round: what a scenario asks for becomes env variables, what `/version` tells becomes timing.
 */
import { settingRows, type SettingKey, type SettingRow } from '../../relay/tables/settings.ts'
import type { RelaySettings, Timing } from '../dsl/scenario.ts'
import type { TargetTask } from './target.ts'

/** The env variables of a set of settings; keys that are not asked for stay unset. */
export function environmentOf(settings: RelaySettings): Record<string, string> {
  const entries = Object.entries(settings) as [SettingKey, unknown][]
  return Object.fromEntries(
    entries.map(([key, value]) => [settingRows[key].env, envText(settingRows[key], value)]),
  )
}

/** The env contract of a relay, with what the settings ask for on top. */
export function contractOf(task: TargetTask, port: number): Record<string, string> {
  return {
    KAFKA_BROKERS: task.kafkaBrokers.join(','),
    KAFKA_TOPIC: task.topic,
    KAFKA_DLQ_TOPIC: task.dlqTopic,
    KAFKA_GROUP_ID: task.groupId,
    REDIS_URL: task.redisUrl,
    WEBSOCKET_HOST: '127.0.0.1',
    WEBSOCKET_PORT: String(port),
    ...environmentOf(task.settings),
  }
}

function envText(row: SettingRow, value: unknown): string {
  if (row.kind === 'number') return String((value as number) / row.scale)
  if (row.kind === 'list') return (value as readonly string[]).join(',')
  return String(value)
}

/** Keys of the settings that times are derived from. */
export const timingKeys = [
  'sendTimeoutMs',
  'replayTimeoutMs',
  'healthWindowMs',
  'healthStaleMs',
  'lagIntervalMs',
  'lagWindowMs',
  'lagDisconnectRecords',
  'pingIntervalMs',
  'connectionsPerIpMax',
] as const satisfies readonly (keyof Timing)[]

/**
 * What the target will really do. A target that tells its effective settings is believed; of
 * another one we know what it was asked in DashFlow's variables, and that the rest is fixed.
 *
 * @param told `/version.settings` of the target, in the house's units, if it has any
 */
export function timingOf(asked: RelaySettings, told: Readonly<Record<string, unknown>>): Timing {
  const pairs = timingKeys.map((key) => {
    const row = settingRows[key]
    const fixed = row.byDefault * row.scale
    const wanted = 'isOurs' in row ? fixed : (asked[key] ?? fixed)
    const effective = told[key]
    return [key, typeof effective === 'number' ? effective : wanted]
  })
  return Object.fromEntries(pairs) as Timing
}

/**
 * Translates between settings in our units and a relay's environment variables: what a scenario
 * asks for becomes variables, what `/version` reports becomes timing.
 */
import { settingRows, type SettingKey, type SettingRow } from '../../relay/tables/settings.ts'
import type { RelaySettings, Timing } from './timing.ts'
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

/** Keys of the settings that times are derived from, and whether every relay has that setting. */
export const timingKeys = {
  sendTimeoutMs: 'common',
  replayTimeoutMs: 'common',
  healthWindowMs: 'common',
  healthStaleMs: 'common',
  lagIntervalMs: 'common',
  lagWindowMs: 'common',
  lagDisconnectRecords: 'common',
  connectionsPerIpMax: 'common',
  pingIntervalMs: 'own',
  commitIntervalMs: 'own',
  kafkaSessionTimeoutMs: 'own',
  ringRecordsMax: 'own',
  replayMemoryRecordsMax: 'own',
  replayRecordsMax: 'own',
} as const satisfies Record<keyof Timing, 'common' | 'own'>

/** Who said what a value of the target is, the most trusted first. */
export type TimingSource = 'reported' | 'given' | 'asked' | 'contract'

/** A value and where it comes from; undefined if it was not stated anywhere. */
export interface SourcedTiming {
  readonly value: number | undefined
  readonly source: TimingSource | undefined
}

/** What the target reports and what the user knows of it, in the house's units. */
export interface KnownOfTarget {
  /** `/version.settings` of the target. */
  readonly told: Readonly<Record<string, unknown>>
  /** What the user, or an adapter, says of the target. */
  readonly given?: Partial<Timing>
}

/**
 * What the target will really do, and the source of each value. What it reports comes first, then
 * what the user gave. A setting that every relay has counts as asked, or as its default; one that
 * a relay may lack is unknown: no value of ours is assumed.
 */
export function sourcedTiming(
  asked: RelaySettings,
  { told, given = {} }: KnownOfTarget,
): Readonly<Record<keyof Timing, SourcedTiming>> {
  const keys = Object.keys(timingKeys) as (keyof Timing)[]
  const pairs = keys.map((key): readonly [string, SourcedTiming] => {
    const row = settingRows[key]
    const reported = told[key]
    if (typeof reported === 'number') return [key, { value: reported, source: 'reported' }]
    if (given[key] !== undefined) return [key, { value: given[key], source: 'given' }]
    if (timingKeys[key] === 'own') return [key, { value: undefined, source: undefined }]
    const wanted = 'isOurs' in row ? undefined : asked[key]
    if (wanted !== undefined) return [key, { value: wanted, source: 'asked' }]
    return [key, { value: row.byDefault * row.scale, source: 'contract' }]
  })
  return Object.fromEntries(pairs) as Record<keyof Timing, SourcedTiming>
}

/** What the reference relay reports when it is asked for these settings. */
export function knownOfReference(asked: RelaySettings): KnownOfTarget {
  const keys = Object.keys(timingKeys) as (keyof Timing)[]
  const byDefault = keys.map((key) => [key, settingRows[key].byDefault * settingRows[key].scale])
  return { told: { ...(Object.fromEntries(byDefault) as Record<string, number>), ...asked } }
}

/** The values of `sourcedTiming`. */
export function timingOf(asked: RelaySettings, known: KnownOfTarget): Timing {
  const sourced = Object.entries(sourcedTiming(asked, known))
  return Object.fromEntries(sourced.map(([key, { value }]) => [key, value])) as unknown as Timing
}

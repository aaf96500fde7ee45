/**
 * From environment variables to settings. All problems are reported at once, so that five mistakes
 * do not take five starts to find. A secret's value never stands in a message.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { isRange } from './address-ranges.ts'
import { hostProblem, isLoopback } from './hosts.ts'
import { originProblem } from './origins.ts'
import { addressesProblem, hostForm, readAddress, readHost, wordsOf } from './addresses.ts'
import { levelOf } from './rust-log.ts'
import { isElastic, shareNames, shareRows } from './memory-shares.ts'
import { MiB } from './setting-row.ts'
import {
  type ChoiceRow,
  type NumberRow,
  type SettingKey,
  type SettingRow,
  settingRows,
  type Settings,
} from './settings.ts'
import { spellingOf } from './spelling.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] }

/** The outcome of one value: accepted, clamped to its bounds with a warning, or refused. */
interface Reading {
  readonly value?: unknown
  readonly warning?: string
  readonly problem?: string
}

/**
 * Reads all settings. An unset or blank variable means the default.
 *
 * @param inspect finds problems with what settings refer to, such as files
 */
export function parseSettings(
  env: Environment,
  inspect: (settings: Settings) => readonly string[] = () => [],
): ParsedSettings {
  const settings: Record<string, unknown> = {}
  const warnings: string[] = []
  const problems: string[] = []
  for (const [key, row] of Object.entries(settingRows) as [SettingKey, SettingRow][]) {
    const written = env[row.env]?.trim() ?? ''
    const isUnset = key === 'logLevel' && written === ''
    const reading = readRow(row, isUnset ? levelOf(env['RUST_LOG']) : written)
    // A refused value is replaced by its default, so that the rules below find what else is wrong.
    settings[key] = reading.problem === undefined ? reading.value : readRow(row, '').value
    if (reading.warning !== undefined) warnings.push(reading.warning)
    if (reading.problem !== undefined) problems.push(reading.problem)
  }
  const spelling = spellingOf(env)
  problems.push(...contradictions(settings as Settings), ...spelling.problems)
  problems.push(...inspect(settings as Settings))
  if (problems.length > 0) return { ok: false, problems }
  warnings.push(...spelling.warnings, ...cautions(settings as Settings))
  return { ok: true, settings: settings as Settings, warnings }
}

function readRow(row: SettingRow, text: string): Reading {
  if (text === '') return { value: row.kind === 'number' ? defaultOf(row) : row.byDefault }
  if (row.kind === 'number') return readNumber(row, text)
  if (row.kind === 'choice') return readChoice(row, text)
  if (row.kind === 'flag') return readFlag(row.env, text.toLowerCase())
  if (row.kind === 'list') return { value: wordsOf(text) }
  return row.isHost === true ? readHostOf(row.env, text) : { value: text }
}

const defaultOf = (row: NumberRow): number => row.byDefault * row.scale

function readChoice(row: ChoiceRow, text: string): Reading {
  const word = row.choices.find((choice) => choice.toLowerCase() === text.toLowerCase())
  if (word !== undefined) return { value: word }
  const words = row.choices.filter((choice) => choice !== '').join(', ')
  return { problem: `${row.env}: wanted one of ${words}; found "${text}"` }
}

/** A service called `websocket` is enough for that. */
const ofService =
  ', which Kubernetes sets for a service of that name: rename it, or set enableServiceLinks: false'

function readNumber(row: NumberRow, text: string): Reading {
  if (!/^[+-]?\d+$/.test(text)) {
    const isOfService = row.unit === 'port' && text.startsWith('tcp://')
    const hint = isOfService ? ofService : ''
    return { problem: `${row.env}: wanted a whole number (${row.unit}); found "${text}"${hint}` }
  }
  const asked = Number(text)
  if (asked === 0 && row.zeroMeans === 'the default') return { value: defaultOf(row) }
  const value = Math.min(row.max, Math.max(row.min, asked))
  if (value === asked) return { value: value * row.scale }
  const bounds = `${row.min} to ${row.max} ${row.unit}`
  return {
    value: value * row.scale,
    warning: `${row.env}: ${text} is outside ${bounds}; ${value} is used`,
  }
}

function readFlag(env: string, text: string): Reading {
  if (text === 'true' || text === '1') return { value: true }
  if (text === 'false' || text === '0') return { value: false }
  return { problem: `${env}: wanted true, false, 1 or 0; found "${text}"` }
}

function readHostOf(env: string, text: string): Reading {
  const host = readHost(text)
  return host === undefined
    ? { problem: `${env}: wanted ${hostForm}; found "${text}"` }
    : { value: host }
}

/** Valid settings that are worth a warning. */
function cautions({ allowedHosts, authToken, host }: Settings): string[] {
  if (authToken !== '') return []
  const found: string[] = []
  if (!isLoopback(host)) {
    found.push(
      `WEBSOCKET_HOST ${host} is reachable by others, and no token is set: ANYONE WHO CONNECTS ` +
        'CAN READ EVERY RECORD. Set WEBSOCKET_AUTH_TOKEN, or listen on 127.0.0.1',
    )
  }
  if (allowedHosts.includes('*')) {
    found.push(
      'WEBSOCKET_ALLOWED_HOSTS is * and no token is set: any page in a browser that can connect ' +
        'to the relay may read every record. Name the hosts, or set WEBSOCKET_AUTH_TOKEN',
    )
  }
  return found
}

const isPair = (a: string, b: string) => (a === '') === (b === '')

/** An entry of a list that can never match is an error: it only looks as if it allows something. */
const wrongIn = (env: string) => (problem: string | undefined) =>
  [problem === undefined, `${env}: ${problem}`] as const

/** Settings that are valid one by one and wrong together. */
function contradictions(settings: Settings): string[] {
  const { kafkaSecurityProtocol: protocol } = settings
  const isSasl = protocol.startsWith('sasl')
  const rules: readonly (readonly [boolean, string])[] = [
    [
      isPair(settings.kafkaSaslUsername, settings.kafkaSaslPassword),
      'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set together',
    ],
    [
      !isSasl || (settings.kafkaSaslMechanism !== '' && settings.kafkaSaslUsername !== ''),
      `KAFKA_SECURITY_PROTOCOL ${protocol} needs KAFKA_SASL_MECHANISM, a username and a password`,
    ],
    [
      isPair(settings.kafkaSslCertFile, settings.kafkaSslKeyFile),
      'KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION must be set together',
    ],
    [
      settings.kafkaHeartbeatMs * 2 <= settings.kafkaSessionTimeoutMs,
      'KAFKA_HEARTBEAT_INTERVAL_MS must be at most half of KAFKA_SESSION_TIMEOUT_MS',
    ],
    [
      isPair(settings.tlsCertFile, settings.tlsKeyFile),
      'WEBSOCKET_TLS_CERT_FILE and WEBSOCKET_TLS_KEY_FILE must be set together',
    ],
    [
      settings.memoryBytesMax === 0 || settings.memoryBytesMax >= memoryBytesMin(settings),
      `WEBSOCKET_MEMORY_BYTES: wanted 0, or at least ${memoryBytesMin(settings)} bytes: the sum ` +
        `of the shares with fixed limits, and 16 MiB; found ${settings.memoryBytesMax}`,
    ],
    [
      settings.trustedProxies.every(isRange),
      'WEBSOCKET_TRUSTED_PROXY_IPS: wanted addresses or CIDR ranges, separated by commas',
    ],
    ...settings.allowedOrigins.map(originProblem).map(wrongIn('WEBSOCKET_ALLOWED_ORIGINS')),
    ...settings.allowedHosts.map(hostProblem).map(wrongIn('WEBSOCKET_ALLOWED_HOSTS')),
    [
      isRedisUrl(settings.redisUrl),
      'REDIS_URL: wanted redis://[user:password@]host:port[/number] (the value is not shown)',
    ],
  ]
  const broken = rules.filter(([holds]) => !holds).map(([, says]) => says)
  return [...serverProblems(settings), ...broken]
}

/** Problems with the addresses of Kafka and the names of topics. */
function serverProblems(settings: Settings): string[] {
  const { kafkaBrokers, kafkaTopic, kafkaDlqTopic, kafkaAddressFamily: family } = settings
  const brokers = addressesProblem(kafkaBrokers)
  const otherFamily = { v4: isIPv6, v6: isIPv4, any: undefined, auto: undefined }[family]
  const wrong = wordsOf(kafkaBrokers).find((word) => otherFamily?.(readAddress(word)?.host ?? ''))
  const problems = [
    brokers && `KAFKA_BROKERS: ${brokers}`,
    wrong &&
      `KAFKA_BROKER_ADDRESS_FAMILY and KAFKA_BROKERS: wanted brokers of ${family}; ` +
        `found "${wrong}"`,
    kafkaTopic === kafkaDlqTopic &&
      'KAFKA_DLQ_TOPIC and KAFKA_TOPIC: wanted two topics, because the relay would read its own ' +
        `dead letters forever; found "${kafkaTopic}" twice`,
  ]
  return problems.filter((problem) => typeof problem === 'string')
}

/** The path may be the number of a database, and nothing else. */
function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) return false
  const { hostname, pathname, port } = new URL(text)
  return readHost(hostname) !== undefined && port !== '0' && /^(?:\/\d*)?$/.test(pathname)
}

/** The part of the budget that can be refused must be enough to serve a client. */
const memoryBytesMin = (settings: Settings): number =>
  shareNames
    .filter((name) => !isElastic(name))
    .reduce((sum, name) => sum + settings[shareRows[name].limit], 16 * MiB)

/** All effective values, for `/version`: in the units of the code and without a secret. */
export function exposedSettings(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const row: SettingRow = settingRows[key as SettingKey]
      const isSecret = row.kind === 'text' && row.isSecret === true
      return [key, isSecret ? withoutSecret(String(value)) : value]
    }),
  )
}

const harmless = new Set(['number', 'flag', 'choice'])

/** The settings that name no server, user or path, and so give an attacker no further target. */
export function exposedHarmless(settings: Settings): Record<string, unknown> {
  const exposed = Object.entries(exposedSettings(settings))
  return Object.fromEntries(
    exposed.filter(([key]) => harmless.has(settingRows[key as SettingKey].kind)),
  )
}

/** Keeps where a URL points to; of any other secret it shows only that it is set. */
function withoutSecret(text: string): string {
  if (text === '') return ''
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.host === '') return '***'
  const user = url.username === '' && url.password === '' ? '' : '***@'
  return `${url.protocol}//${user}${url.host}${url.pathname}`
}

/**
 * CONFIG.md and `.env.example` from the table of settings. The examples of wrong values come from
 * the parser itself, so they show what the relay prints.
 */
import { parseSettings, type Environment } from '../../relay/tables/settings-parse.ts'
import type { NumberRow, SettingRow } from '../../relay/tables/setting-row.ts'
import { sayBytes, sayMs, sayNumber } from '../world/amounts.ts'
import { bullets, code, codes, page, paragraph, prose, table } from './markdown.ts'

type Rows = Readonly<Record<string, SettingRow>>
export interface SettingGroup {
  readonly title: string
  readonly rows: readonly (readonly [key: string, row: SettingRow])[]
}

/** Groups by the beginning of the name; the first that fits takes the setting. */
const groupRules: readonly (readonly [title: string, fits: RegExp])[] = [
  ['Kafka security', /^KAFKA_(?:SECURITY|SASL|SSL)_/],
  ['Lag monitor', /^KAFKA_LAG_/],
  ['Malformed records and dead letters', /DLQ|^KAFKA_(?:ON_DECODE|OLD_DATA)|MAX_PAYLOAD/],
  ['Pinned schemas', /^EXPECTED_SCHEMAS_/],
  ['Kafka', /^KAFKA_/],
  ['Replay and Redis', /^(?:REDIS|REPLAY)_/],
  ['Who may connect', /^WEBSOCKET_(?:AUTH|ALLOWED|TRUSTED|TLS|WRONG_TOKENS|MAX_CONNECTIONS)/],
  ['Slow and silent clients', /^SLOW_CLIENT_|^WEBSOCKET_(?:SEND_TIMEOUT|PING|RESUME|HTTP|CLIENT_)/],
  ['Listening, buffers and flushing', /^WEBSOCKET_/],
  ['Health', /^HEALTH_/],
  ['Log', /^LOG_/],
  ['Build', /^(?:GIT|BUILD)_/],
]
const groupOrder = [
  'Kafka',
  'Kafka security',
  'Malformed records and dead letters',
  'Lag monitor',
  'Replay and Redis',
  'Listening, buffers and flushing',
  'Who may connect',
  'Slow and silent clients',
  'Health',
  'Pinned schemas',
  'Log',
  'Build',
  'Other',
]

/** The settings by group, in the order of the page; groups without a setting are left out. */
export function settingGroups(rows: Rows): readonly SettingGroup[] {
  const byTitle = Map.groupBy(Object.entries(rows), ([, { env }]) => titleOf(env))
  return groupOrder.flatMap((title) => {
    const members = byTitle.get(title)
    return members === undefined ? [] : [{ title, rows: members }]
  })
}

const titleOf = (env: string) => groupRules.find(([, fits]) => fits.test(env))?.[0] ?? 'Other'

export function printConfig(rows: Rows): string {
  return page(
    ['# Configuration of the reference relay', ''],
    paragraph(
      `${Object.keys(rows).length} settings, all of them environment variables. A variable that is`,
      'unset or blank means the default. `GET /version` shows the effective values under',
      '`settings`, in milliseconds and bytes and without secrets, by the name in the last column.',
    ),
    paragraph(
      "Names without a mark are DashFlow's; **ours** marks those that DashFlow lacks. What happens",
      'to an invalid value:',
    ),
    bullets([
      '**clamped**: a number outside its bounds is set to the nearest one, with a warning in ' +
        'the log; text that is not a whole number is refused.',
      '**refused**: the relay names every wrong setting in one line and exits with code 1.',
      '**checked**: refused where the form is wrong, or where it contradicts another setting.',
      '**accepted**: any text is accepted as it is.',
    ]),
    settingGroups(rows).flatMap(printGroup),
    ['## Wrong values, for example', ''],
    table(['environment', 'the relay', 'and prints'], wrongValues.map(wrongValueRow)),
  )
}

function printGroup({ title, rows }: SettingGroup): readonly string[] {
  const cells = rows.map(([key, row]) => [
    code(row.env) + (row.isOurs ? ' **ours**' : ''),
    prose(row.says),
    defaultCell(row),
    allowedCell(row),
    wrongCell(row),
    code(key),
  ])
  const heads = ['variable', 'what it does', 'default', 'allowed', 'if invalid', 'in /version']
  return [`## ${title}`, '', ...table(heads, cells)]
}

function defaultCell(row: SettingRow): string {
  const text = defaultText(row)
  if (row.kind !== 'number') return text === '' ? 'empty' : code(text)
  if (row.byDefault === 0 && row.zeroMeans !== undefined) return `${code('0')} (${row.zeroMeans})`
  return `${code(text)}${inWords(row, row.byDefault)}`
}

/** The default as it would be written into the environment. */
export function defaultText(row: SettingRow): string {
  return row.kind === 'list' ? row.byDefault.join(',') : String(row.byDefault)
}

/** The amount in words, where they differ from the bare number. */
function inWords(row: NumberRow, amount: number): string {
  const isPlain = row.unit === 'port' || (row.unit === 'count' && amount < 10_000)
  return isPlain ? '' : ` (${sayAmount(row, amount)})`
}

/** An amount with its unit. */
export function sayAmount({ unit, scale }: NumberRow, amount: number): string {
  if (unit === 'bytes') return sayBytes(amount * scale)
  if (unit === 'ms' || unit === 's') return sayMs(amount * scale)
  return unit === 'port' ? String(amount) : sayNumber(amount)
}

function allowedCell(row: SettingRow): string {
  if (row.kind === 'number') return boundsOf(row) + zeroNote(row)
  if (row.kind === 'flag') return codes(['true', 'false', '1', '0'])
  if (row.kind === 'list') return 'words, separated by commas'
  if (row.kind === 'text') return row.isSecret ? 'text; a secret, never shown' : 'text'
  return codes(row.choices.filter((choice) => choice !== '')) + orEmpty(row.choices)
}

const orEmpty = (choices: readonly string[]) => (choices.includes('') ? ' or empty' : '')

/** The allowed numbers, with their amounts in words. */
function boundsOf(row: NumberRow): string {
  const { min, max, unit } = row
  if (unit === 'port') return `${min} to ${max}`
  const words = `${sayAmount(row, min)} to ${sayAmount(row, max)}`
  return unit === 'count' ? words : `${min} to ${max} (${words})`
}

const zeroNote = ({ zeroMeans }: NumberRow) => (zeroMeans === undefined ? '' : `; 0: ${zeroMeans}`)

/** `checked` where the parser refuses an arbitrary text. */
function wrongCell({ kind, env }: SettingRow): string {
  if (kind === 'number') return 'clamped'
  if (kind === 'choice' || kind === 'flag') return 'refused'
  return parseSettings({ [env]: 'x' }).ok ? 'accepted' : 'checked'
}

/** Values that are invalid by themselves, then values that contradict another setting. */
export const wrongValues: readonly Environment[] = [
  { WEBSOCKET_SEND_TIMEOUT_SECS: '600' },
  { WEBSOCKET_SEND_TIMEOUT_SECS: '5s' },
  { KAFKA_ON_DECODE_ERROR: 'stop' },
  { DLQ_INCLUDE_FULL_PAYLOAD: 'yes' },
  { KAFKA_BROKERS: 'broker' },
  { WEBSOCKET_TRUSTED_PROXY_IPS: 'proxy' },
  { REDIS_URL: 'redis' },
  { KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' },
  { KAFKA_SASL_USERNAME: 'relay' },
  { KAFKA_SSL_KEY_LOCATION: '/etc/relay/key.pem' },
  { KAFKA_HEARTBEAT_INTERVAL_MS: '20000' },
]

function wrongValueRow(env: Environment): readonly string[] {
  const assignment = codes(Object.entries(env).map(([name, value]) => `${name}=${value}`))
  const parsed = parseSettings(env)
  if (!parsed.ok) return [assignment, 'does not start', prose(parsed.problems.join('; '))]
  return [assignment, 'starts', prose(parsed.warnings.join('; '))]
}

/** Every variable with its default, commented out: a copy changes nothing until it is edited. */
export function printEnvExample(rows: Rows): string {
  return page(
    [
      '# Settings of the reference relay; see relay/CONFIG.md. Every line shows its default and is',
      '# commented out: a copy of this file changes nothing until a line is edited.',
      '',
    ],
    settingGroups(rows).flatMap(exampleGroup),
  )
}

function exampleGroup({ title, rows }: SettingGroup): readonly string[] {
  const lines = rows.flatMap(([, row]) => [
    `# ${exampleLine(row)}`,
    `#${row.env}=${defaultText(row)}`,
    '',
  ])
  return [`## ${title}`, '', ...lines]
}

function exampleLine(row: SettingRow): string {
  const notes = [
    ...(row.kind === 'number' ? [boundsOf(row) + zeroNote(row)] : []),
    ...(row.kind === 'choice' ? [row.choices.filter((one) => one !== '').join(', ')] : []),
    ...(row.kind === 'flag' ? ['true or false'] : []),
    ...(row.isOurs ? ['ours'] : []),
  ]
  return notes.length === 0 ? row.says : `${row.says} [${notes.join('; ')}]`
}

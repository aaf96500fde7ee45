/**
 * Variables that a user adds for a relay that a command starts. Those that the harness sets itself
 * are refused: with other values the relay would use other servers than those that are measured.
 */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { settingRows, type SettingRow } from '../../relay/tables/settings.ts'
import { isSecretName } from '../world/environment.ts'
import { UsageError } from '../world/exit-codes.ts'
import type { Given, OptionRows } from '../world/option-rows.ts'
import { contractOf } from './environment.ts'

export const environmentOptions = {
  env: {
    is: 'list',
    takes: '<NAME=value>',
    says: 'a variable for the target command; repeatable',
    shown: (pair) => (isSecretName(pair.slice(0, pair.indexOf('='))) ? shown(pair) : pair),
  },
  envFile: { is: 'text', takes: '<file>', says: 'a file of such variables, one per line' },
  inheritEnv: { is: 'flag', says: 'also pass the environment of this shell' },
} as const satisfies OptionRows

type Variables = Readonly<Record<string, string>>

const nowhere = { kafkaBrokers: [], redisUrl: '', topic: '', dlqTopic: '', groupId: '' }
/** Variables that say which servers and names the relay uses: always the harness's own. */
const serverNames = new Set(Object.keys(contractOf({ ...nowhere, settings: {} }, 0)))
/** Variables of settings; a secret one may be given, because `--set` would show it. */
const settingNames = new Set(
  Object.values(settingRows)
    .filter((row: SettingRow) => !(row.kind === 'text' && row.isSecret === true))
    .map(({ env }) => env),
)

/**
 * The additional variables of a relay: those of the user's environment, then those of the file,
 * then those given one by one.
 *
 * @param inherited the environment of the harness
 * @throws UsageError for a variable that the harness sets
 */
export function selectEnv(
  { env = [], envFile, inheritEnv = false }: Given<typeof environmentOptions>,
  inherited: Readonly<Record<string, string | undefined>>,
): Variables | undefined {
  if (env.length === 0 && envFile === undefined && !inheritEnv) return undefined
  const given = Object.fromEntries(env.map(pairOf))
  const asked = { ...(envFile === undefined ? {} : variablesIn(envFile)), ...given }
  for (const name of Object.keys(asked)) refuseContract(name)
  return { ...(inheritEnv ? ownOf(inherited) : {}), ...asked }
}

function pairOf(pair: string): readonly [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? []
  if (name === undefined || value === undefined) {
    throw new UsageError(`--env wants NAME=value, got "${shown(pair)}"`)
  }
  return [name, value]
}

/** What was typed without its value, which may be a secret. */
const shown = (pair: string) => pair.replace(/=.*$/s, '=…')

function variablesIn(file: string): Variables {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--env-file wants a file: ${(error as Error).message}`)
  }
  const lines = text.split('\n').map((line) => line.trim())
  const isOdd = (line: string) => line !== '' && !/^#|^(?:export\s+)?[A-Za-z_]\w*\s*=/.test(line)
  // A quoted value may contain line breaks; the parser handles them.
  const odd = text.includes('"') || text.includes("'") ? -1 : lines.findIndex(isOdd)
  if (odd >= 0) {
    throw new UsageError(`${file}, line ${odd + 1}: wanted NAME=value, a comment, or nothing`)
  }
  return parseEnv(text) as Variables
}

function refuseContract(name: string): void {
  if (serverNames.has(name)) {
    throw new UsageError(
      `${name} is set by the harness: the relay must use the servers and topics of this run; ` +
        `for servers of your own use --stack file:<path>`,
    )
  }
  if (settingNames.has(name)) {
    throw new UsageError(`${name} is a setting that scenarios choose; use --set ${name}=value`)
  }
}

/** A variable of the contract that is left over in a shell must not change a verdict. */
function ownOf(all: Readonly<Record<string, string | undefined>>): Variables {
  const names = Object.keys(all).filter((name) => !serverNames.has(name) && !settingNames.has(name))
  const pairs = names.map((name) => [name, all[name]] as const)
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

/**
 * Misspelt names of settings. A relay whose token is misspelt is open without saying so; therefore
 * a name that looks like a setting and is none is reported, and stops the start where the setting
 * restricts access. Containers are full of similar names of other programs: those are ignored.
 */
import { settingRows } from './settings.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Spelling {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Settings of DashFlow's relay that have no effect here. RUST_LOG stands in for LOG_LEVEL. */
const withoutEffect: Readonly<Record<string, string>> = {
  REDIS_ZCARD_CHECK_CADENCE: 'the replay buffer is trimmed exactly, with every write',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'this relay sends no traces',
}
/** Prefixes that no other program uses. */
const ownPrefix = /^(?:WEBSOCKET|REPLAY|SLOW_CLIENT|EXPECTED_SCHEMAS)_/i
/** Settings without which the relay, or its connection to Kafka, is open. */
const guard = /^(?:WEBSOCKET_(?:AUTH|ALLOWED|TRUSTED|HOST|TLS)|KAFKA_(?:SECURITY|SASL|SSL)_)/
/** Words in a name with our prefix that can only mean access control. */
const guardWord = /_(?:AUTH|TOKEN|SECRET|PASSWORD|ORIGINS?|TLS|SSL)(?:_|$)/i
/** Variables that Kubernetes and Docker set for every service, named after it. */
const serviceName = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/
const serviceValue = /^(?:tcp|udp|sctp):\/\//
/** Edits up to which a name still counts as the same; shorter names than this allow one alone. */
const editsMax = 2
const shortCharacters = 8

const names: readonly string[] = Object.values(settingRows).map(({ env }) => env)
/** The last one is a setting of Kafka's brokers, and only one edit away from ours. */
const known = new Set([...names, 'RUST_LOG', 'KAFKA_BROKER_ID'])

/** Looks through all names of an environment. */
export function spellingOf(env: Environment): Spelling {
  const problems: string[] = []
  const warnings: string[] = []
  for (const [name, value = ''] of Object.entries(env)) {
    if (value.trim() === '' || known.has(name) || isOfService(name, value)) continue
    const why = withoutEffect[name]
    if (why !== undefined) warnings.push(`${name} has no effect: ${why}`)
    const meant = meantBy(name)
    if (meant === undefined) continue
    const says = `${name} is not a setting of the relay; did you mean ${meant}?`
    const isOpen = (env[meant]?.trim() ?? '') === '' && isGuard(name, meant)
    if (isOpen) problems.push(`${says} Without it the relay may be open: correct or remove it`)
    else warnings.push(says)
  }
  return { problems, warnings }
}

const isOfService = (name: string, value: string): boolean =>
  serviceName.test(name) || (name.endsWith('_PORT') && serviceValue.test(value))

const isGuard = (name: string, meant: string): boolean =>
  (guard.test(meant) && editsOf(name, meant) <= editsMax) ||
  (ownPrefix.test(name) && guardWord.test(name))

/** The setting nearest to a name; undefined where the name may well be of another program. */
function meantBy(name: string): string | undefined {
  const near = nearest(name, names.filter((one) => isNear(name, one)))
  if (near !== undefined || !ownPrefix.test(name)) return near
  const alike = guardWord.test(name) ? names.filter((one) => guardWord.test(one)) : names
  const prefix = ownPrefix.exec(name)?.[0].toUpperCase() ?? ''
  return nearest(name, alike.filter((one) => one.startsWith(prefix)))
}

function isNear(name: string, setting: string): boolean {
  const most = lettersOf(setting).length < shortCharacters ? 1 : editsMax
  if (Math.abs(lettersOf(name).length - lettersOf(setting).length) > most) return false
  return editsOf(name, setting) <= most
}

function nearest(name: string, settings: readonly string[]): string | undefined {
  const ranked = settings.map((one) => ({ one, edits: editsOf(name, one) }))
  return ranked.toSorted((a, b) => a.edits - b.edits)[0]?.one
}

/** Words in alphabetical order, so that swapped words still match. */
const wordsOf = (name: string) => name.toUpperCase().split(/[_.-]+/).toSorted().join()
const lettersOf = (name: string) => name.toUpperCase().replaceAll(/[_.-]/g, '')

const editsOf = (name: string, setting: string): number =>
  wordsOf(name) === wordsOf(setting) ? 0 : distance(lettersOf(name), lettersOf(setting))

/** Letters to insert, remove, change or swap with their neighbours. */
function distance(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = isSwap ? before[j - 2]! + 1 : Infinity
      row.push(Math.min(last[j]! + 1, row[j - 1]! + 1, change, swap))
    }
    ;[before, last] = [last, row]
  }
  return last[b.length]!
}

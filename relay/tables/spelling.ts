/**
 * Names that are set and that nobody hears. A relay whose token is misspelt is open, and says
 * nothing; so whatever looks like a setting of ours and is none is told, and stops the start where
 * it was to keep somebody out. Containers are full of names of others that begin alike: those are
 * left alone.
 */
import { settingRows } from './settings.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Spelling {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** What DashFlow's relay hears, and this one has no use for. RUST_LOG stands in for LOG_LEVEL. */
const unheard: Readonly<Record<string, string>> = {
  REDIS_ZCARD_CHECK_CADENCE: 'the replay buffer is trimmed exactly, with every write',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'this relay sends no traces',
}
/** No other program has names that begin like these. */
const ownPrefix = /^(?:WEBSOCKET|REPLAY|SLOW_CLIENT|EXPECTED_SCHEMAS)_/i
/** Settings without which the relay, or what it says to Kafka, is open. */
const guard = /^(?:WEBSOCKET_(?:AUTH|ALLOWED|TRUSTED|HOST|TLS)|KAFKA_(?:SECURITY|SASL|SSL)_)/
/** Words of an own name that can only be meant to keep somebody out. */
const guardWord = /_(?:AUTH|TOKEN|SECRET|PASSWORD|ORIGINS?|TLS|SSL)(?:_|$)/i
/** What Kubernetes and Docker set for every service, by its name. */
const serviceName = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/
const serviceValue = /^(?:tcp|udp|sctp):\/\//
/** Mistakes that still are the same name, and how short a name is for which it is one alone. */
const editsMax = 2
const shortCharacters = 8

const names: readonly string[] = Object.values(settingRows).map(({ env }) => env)
/** The last one is of Kafka's brokers themselves, and one letter from being near. */
const known = new Set([...names, 'RUST_LOG', 'KAFKA_BROKER_ID'])

/** Looks through all names of an environment. */
export function spellingOf(env: Environment): Spelling {
  const problems: string[] = []
  const warnings: string[] = []
  for (const [name, value = ''] of Object.entries(env)) {
    if (value.trim() === '' || known.has(name) || isOfService(name, value)) continue
    const why = unheard[name]
    if (why !== undefined) warnings.push(`${name} has no effect: ${why}`)
    const meant = meantBy(name)
    if (meant === undefined) continue
    const says = `${name} is no setting of the relay; did you mean ${meant}?`
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

/** The setting that a name is nearest to; undefined where it may well be of another program. */
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

/** In the order of the alphabet, so that words that changed places are still the same. */
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

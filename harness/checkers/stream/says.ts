/** The sentences about a stream: what is wrong and where, or what held and how often. */
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { Anomaly, AnomalyKind } from '../checker.ts'
import { many, seconds } from '../reading/conclude.ts'
import type { StreamFlaws, StreamOptions } from './options.ts'
import { gravity, type Flaw } from './flaw.ts'
import type { StreamLimits } from './limits.ts'
import { ackedWithin } from './owed.ts'

/** Short names of anomalies. */
const names: Readonly<Record<AnomalyKind, string>> = {
  lost: 'lost records',
  duplicate: 'duplicates',
  skip: 'skipped records',
  nonmonotonic: 'records out of order',
  unseen: 'unread records',
  'gap-hidden': 'undeclared gaps',
  'gap-false': 'falsely declared gaps',
  'seam-duplicate': 'duplicates between replay and live',
  'seam-skip': 'losses between replay and live',
  'stale-trusted': 'stale cursors that were trusted',
  'malformed-leaked': 'malformed records at clients',
  'malformed-took-neighbour': 'valid records lost with malformed ones',
  garbled: 'altered bytes',
  unexpected: 'unexpected records',
  stalled: 'records left unread',
  'closed-without-cause': 'connections closed without a cause',
  'valid-dead-lettered': 'valid records dead-lettered',
  'replay-beyond-request': 'replays from before the cursor',
  'gap-needless': 'needlessly declared gaps',
  'gap-inexact': 'inexact gaps',
}

/** Such as "lost records, duplicates or altered bytes". */
export function namesOf(kinds: readonly AnomalyKind[]): string {
  const all = kinds.map((kind) => names[kind])
  return [all.slice(0, -1).join(', '), ...all.slice(-1)].filter(Boolean).join(' or ')
}

/** Such as "lost records (10), duplicates (3)". */
export function sayKinds(flaws: readonly Flaw[]): string {
  const kinds = gravity.filter((kind) => flaws.some((flaw) => flaw.kind === kind))
  return kinds.map((kind) => `${names[kind]} (${sizeOf(flaws, kind)})`).join(', ')
}

const sizeOf = (flaws: readonly Flaw[], kind: AnomalyKind): number =>
  flaws.reduce((sum, flaw) => sum + (flaw.kind === kind ? flaw.count : 0), 0)

/** What is counted, if not records. */
const counted: Partial<Record<AnomalyKind, string>> = {
  'closed-without-cause': 'connection',
  'gap-inexact': 'declaration',
  'stale-trusted': 'cursor',
}

/** What is wrong, how often, and one example with its numbers. */
export function saysOf(flaw: Flaw, anomalies: readonly Anomaly[], limits: StreamLimits): string {
  const anomaly = anomalies.find(({ kind }) => kind === flaw.kind)
  const { kind, client, group, partition, first, last } = flaw
  const count = anomaly?.count ?? flaw.count
  const places = [
    client < 0 ? '' : `client ${client} of ${group}`,
    partition < 0 ? '' : `partition ${partition}`,
    first < 0 ? '' : first === last ? `offset ${first}` : `offsets ${first} to ${last}`,
    details[kind]?.(flaw.shows ?? {}, limits) ?? '',
  ].filter((place) => place !== '')
  const says = (anomaly?.says ?? kind).replace(/\.$/, '')
  const such = count === flaw.count ? '' : 'for example '
  return `${says}: ${many(count, counted[kind] ?? 'record')} (${such}${places.join(', ')}).`
}

type Shown = Readonly<Record<string, unknown>>
const secondsOf = (shows: Shown, name: string) => seconds(1_000 * Number(shows[name]))
const shown = (shows: Shown, name: string) => (name in shows ? String(shows[name]) : '')

/** The numbers that prove it, from what the witness shows. */
const details: Partial<Record<AnomalyKind, (shows: Shown, limits: StreamLimits) => string>> = {
  stalled: (shows, { stalledMs }) =>
    `unread for ${secondsOf(shows, 'untakenForMs')}, limit ${seconds(stalledMs * 1_000)}, group ` +
    shown(shows, 'groupState'),
  'closed-without-cause': (shows) =>
    `code ${shown(shows, 'code')} "${shown(shows, 'reason')}", ` +
    `${secondsOf(shows, 'openForMs')} after it connected`,
  'gap-false': (shows) =>
    'declared' in shows
      ? `${shown(shows, 'declared')} declared, ${shown(shows, 'missing')} missing`
      : '',
  'gap-inexact': (shows) => `count ${shown(shows, 'declared')}, range of ${shown(shows, 'named')}`,
  'replay-beyond-request': (shows) => `the cursor was ${shown(shows, 'cursor')}`,
  garbled: (shows) =>
    'gotBytes' in shows
      ? `${shown(shows, 'gotBytes')} bytes with checksum ${shown(shows, 'gotCrc')}, not ` +
        `${shown(shows, 'producedBytes')} with ${shown(shows, 'producedCrc')}`
      : shown(shows, 'why'),
  'stale-trusted': (shows) =>
    `a cursor of epoch ${shown(shows, 'cursorOf')}, answered in ${shown(shows, 'answeredIn')}`,
  'valid-dead-lettered': (shows) => `error type ${shown(shows, 'errorType')}`,
}

interface Judged {
  readonly groups: StreamOptions['groups']
  /** Records that came to the clients that are judged. */
  readonly judged: number
}

const clientsOf = (groups: StreamOptions['groups']): string =>
  groups === undefined ? '' : ` of ${groups.join(' and ')}`

/** The sentence for a stream without flaws. */
export function saysWhole(
  history: History,
  found: StreamFlaws,
  { groups, judged, redelivered }: Judged & { readonly redelivered: number },
): string {
  const { unreached, exempt } = unreachedOf(history, found)
  const rest = [
    many(judged, 'delivery', 'deliveries'),
    redelivered === 0 ? [] : `${redelivered} again after a restart or a rebalance`,
    unreached === 0 ? [] : `${many(unreached, 'record')} reached no client${clientsOf(groups)}`,
    exempt === 0 ? [] : `${exempt} malformed, or after a malformed one, and owed to no client`,
  ].flat()
  return (
    `All ${many(history.stream().acked, 'record')} are accounted for at every client` +
    `${clientsOf(groups)} (${rest.join('; ')}).`
  )
}

interface Asked extends Judged {
  readonly rules: readonly AnomalyKind[]
  readonly takenBy: StreamOptions['takenBy']
  /** Replays in which they would show; undefined: they would in any delivery. */
  readonly seen: number | undefined
}

/** The sentence for a finding about some anomalies only, when none of them occurred. */
export function saysNone(others: readonly Flaw[], asked: Asked): string {
  const { rules, takenBy, groups, judged, seen } = asked
  const across = takenBy === undefined ? '' : ' across an outage of Redis'
  const to = groups === undefined ? '' : ` to clients${clientsOf(groups)}`
  const where =
    seen === undefined
      ? `${many(judged, 'delivery', 'deliveries')}${to}`
      : `${many(seen, 'replay')} of a partition${across}`
  const reset = others.filter(({ kind, shows }) => rules.includes(kind) && isOfReset(shows))
  const rest = others.filter((flaw) => !reset.includes(flaw))
  return [
    `${where} showed no ${namesOf(rules)}.`,
    reset.length === 0 ? [] : `Not counted, caused by a reset of the run: ${sayKinds(reset)}.`,
    rest.length === 0 ? [] : `The stream has other flaws: ${sayKinds(rest)}.`,
  ]
    .flat()
    .join(' ')
}

const isOfReset = (shows: Flaw['shows']) => shows?.['because'] === 'reset'

/** Records that no client got: those owed to a client, and those owed to none. */
function unreachedOf(
  history: History,
  { accounts, exempt }: StreamFlaws,
): Readonly<Record<'unreached' | 'exempt', number>> {
  const byPartition = Map.groupBy(accounts, ({ partition }) => partition)
  const count = { unreached: 0, exempt: 0 }
  for (const [partition, records] of history.stream().records) {
    const own = exempt.get(partition)?.all ?? new Ranges()
    const reached = new Ranges()
    for (const { received } of byPartition.get(partition) ?? []) reached.addAll(received.all)
    for (const { first, last } of reached.missing(records.offsets[0] ?? 0, records.lastOffset)) {
      const all = ackedWithin({ first, last }, records)
      const owed = own
        .missing(first, last)
        .reduce((sum, range) => sum + ackedWithin(range, records), 0)
      count.unreached += owed
      count.exempt += all - owed
    }
  }
  return count
}

/**
 * What the flaws of a stream mean for one finding. A finding that has rules of its own fails by
 * them alone; what else is wrong with the stream is another finding's, and makes this one unknown
 * only where nothing can be seen through it. What a reset of the run's own took away is a matter of
 * the stream as well: no finding about replays is about resets.
 */
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { Anomaly, AnomalyKind, Judgement } from '../checker.ts'
import { conclude, seconds, type Doubt, type Violation } from '../conclude.ts'
import type { StreamFlaws, StreamOptions } from '../stream.ts'
import type { Account } from './account.ts'
import { redisOutagesOf } from './causes.ts'
import { anomaliesOf, gravity, type Flaw } from './flaw.ts'
import { ackedWithin, indexFrom } from './owed.ts'

/** Where these are, records or whole clients are missing in which the others would show. */
const hiding: ReadonlySet<AnomalyKind> = new Set([
  'lost',
  'stalled',
  'closed-without-cause',
  'malformed-took-neighbour',
])

export function streamJudgement(
  history: History,
  found: StreamFlaws,
  { rules, takenBy }: Pick<StreamOptions, 'rules' | 'takenBy'>,
): Judgement {
  const { flaws, accounts } = found
  const isOwn = ({ kind, shows }: Flaw) =>
    rules === undefined ||
    (rules.includes(kind) &&
      shows?.['because'] !== 'reset' &&
      (takenBy === undefined || shows?.['because'] === takenBy))
  const own = flaws.filter(isOwn)
  const others = flaws.filter((flaw) => !isOwn(flaw) && flaw.kind !== 'unseen')
  const anomalies = anomaliesOf(own.length > 0 ? own : flaws)
  const ranked = gravity.flatMap((kind) => own.filter((flaw) => flaw.kind === kind))
  const violations = ranked
    .filter(({ kind }) => kind !== 'unseen')
    .map((flaw): Violation => ({ rule: flaw.kind, says: sentence(flaw, anomalies), at: flaw.at }))
  const { acked, delivered } = history.stream()
  const seen =
    takenBy === undefined ? materialFor(rules, accounts) : acrossOutages(history, accounts)
  const redelivered = accounts.reduce((sum, one) => sum + one.redelivered, 0)
  return conclude({
    violations,
    doubts: [
      hiddenBy(others, rules),
      takenBy === undefined ? undefined : coveredBy(others, rules),
      seen === 0 ? (takenBy === undefined ? nothingSeen(rules) : notAcross) : undefined,
      ...unseenDoubts(flaws, found.limits.stalledMs),
      ...found.doubts,
    ],
    holds: holds(history, found, others, rules),
    exercised: seen ?? delivered,
    evidence: {
      acked,
      delivered,
      redelivered,
      clients: history.sessions.size,
      ...(seen !== undefined && { seen }),
    },
    anomalies,
  })
}

/** What is wrong, how often, and one place where it was seen, with the numbers behind it. */
function sentence(flaw: Flaw, anomalies: readonly Anomaly[]): string {
  const anomaly = anomalies.find(({ kind }) => kind === flaw.kind)
  const { kind, client, group, partition, first, last } = flaw
  const count = anomaly?.count ?? flaw.count
  const what = kind === 'closed-without-cause' ? 'connection' : 'record'
  const places = [
    client < 0 ? '' : `client ${client} of ${group}`,
    partition < 0 ? '' : `partition ${partition}`,
    first < 0 ? '' : `offsets ${first} to ${last}`,
    details[kind]?.(flaw.shows ?? {}) ?? '',
  ].filter((place) => place !== '')
  const says = (anomaly?.says ?? kind).replace(/\.$/, '')
  return `${says}: ${count} ${what}${count === 1 ? '' : 's'}, such as ${places.join(', ')}.`
}

type Shown = Readonly<Record<string, unknown>>
const secondsOf = (shows: Shown, name: string) => seconds(1_000 * Number(shows[name]))

/** The numbers that prove it, from what the witness shows. */
const details: Partial<Record<AnomalyKind, (shows: Shown) => string>> = {
  stalled: (shows) =>
    `untaken for ${secondsOf(shows, 'untakenForMs')} (group ${String(shows['groupState'])})`,
  'closed-without-cause': (shows) =>
    `code ${String(shows['code'])} "${String(shows['reason'])}", ` +
    `${secondsOf(shows, 'openForMs')} after it came`,
  'gap-false': (shows) =>
    'told' in shows ? `${String(shows['told'])} declared, ${String(shows['missing'])} missing` : '',
  'gap-inexact': (shows) => `count ${String(shows['told'])}, range of ${String(shows['named'])}`,
  'replay-beyond-request': (shows) => `asked for what follows ${String(shows['cursor'])}`,
}

function holds(
  history: History,
  found: StreamFlaws,
  others: readonly Flaw[],
  rules?: readonly AnomalyKind[],
): Doubt {
  const { acked, delivered } = history.stream()
  if (rules === undefined) {
    const unseen = unreached(history, found)
    const rest = unseen === 0 ? '' : `; ${unseen} records reached no client`
    const all = `All ${acked} records are accounted for at every client`
    return { rule: 'whole', says: `${all} (${delivered} deliveries${rest}).` }
  }
  const none = `${delivered} deliveries showed no ${rules.join(', no ')}.`
  if (others.length === 0) return { rule: 'whole', says: none }
  return { rule: 'whole', says: `${none} The stream has other flaws: ${kindsOf(others)}.` }
}

/** Records that no client got, though nothing was wrong with them: a pass says how many. */
function unreached(history: History, { accounts, exempt }: StreamFlaws): number {
  const byPartition = Map.groupBy(accounts, ({ partition }) => partition)
  let count = 0
  for (const [partition, records] of history.stream().records) {
    const reached = new Ranges()
    for (const { received } of byPartition.get(partition) ?? []) reached.addAll(received.all)
    reached.addAll(exempt.get(partition)?.all.all ?? [])
    for (const range of reached.missing(records.offsets[0] ?? 0, records.lastOffset)) {
      count += ackedWithin(range, records)
    }
  }
  return count
}

const kindsOf = (flaws: readonly Flaw[]): string =>
  gravity.filter((kind) => flaws.some((flaw) => flaw.kind === kind)).join(', ')

/** Another finding's failure behind which this one's own would not show. */
function hiddenBy(
  others: readonly Flaw[],
  rules: readonly AnomalyKind[] | undefined,
): Doubt | undefined {
  const covers = others.filter(({ kind }) => hiding.has(kind))
  if (rules === undefined || covers.length === 0) return undefined
  const says =
    `The stream failed by ${kindsOf(covers)}; behind that, ${rules.join(', ')} of this finding ` +
    'cannot be seen, and was not.'
  return { rule: 'hidden', says, fix: 'see the finding "stream" first; then run again' }
}

/** How much there was in which the rules of a finding would show; undefined: any delivery. */
function materialFor(
  rules: readonly AnomalyKind[] | undefined,
  accounts: readonly Account[],
): number | undefined {
  if (rules === undefined) return undefined
  const sessions = accounts.flatMap((one) => one.sessions)
  if (rules.every((kind) => kind.startsWith('seam-'))) {
    const met = sessions.filter(
      ({ replayed, live }) => replayed.last !== undefined && live.last !== undefined,
    )
    return met.length
  }
  if (!rules.includes('gap-hidden')) return undefined
  return sessions.filter(({ replayed }) => replayed.last !== undefined).length
}

/** Holes in which more is missing than the outage can have taken. */
function coveredBy(others: readonly Flaw[], rules: readonly AnomalyKind[] = []): Doubt | undefined {
  const larger = others.find(({ kind }) => rules.includes(kind))
  if (larger === undefined) return undefined
  const { partition, first, last } = larger
  const says =
    `Replays left out more than the outage of Redis took, such as offsets ${first} to ${last} of ` +
    `partition ${partition}: what it took cannot be told from that.`
  return { rule: 'hidden', says, fix: 'see the other findings about replays first' }
}

/** Replays that held records from before an outage of Redis and from after it. */
function acrossOutages(history: History, accounts: readonly Account[]): number {
  const { records } = history.stream()
  const outages = redisOutagesOf(history)
  return accounts
    .flatMap(({ partition, sessions }) => sessions.map(({ replayed }) => ({ partition, replayed })))
    .filter(({ partition, replayed: { first, last } }) => {
      const own = records.get(partition)
      if (own === undefined || first === undefined || last === undefined) return false
      const [from, to] = [own.record(indexFrom(own, first)), own.record(indexFrom(own, last))]
      return outages.some(({ begin, end }) => from.sentAt < begin && to.sentAt > end)
    }).length
}

const notAcross: Doubt = {
  rule: 'no-replays',
  says: 'No replay held records from before and from after the outage of Redis.',
  fix: 'see why replays are not answered, or run longer',
}

function nothingSeen(rules: readonly AnomalyKind[] = []): Doubt {
  const isSeam = rules.every((kind) => kind.startsWith('seam-'))
  const says = isSeam
    ? 'No replay was followed by live records, so none met them.'
    : 'No client got a replayed record.'
  return { rule: 'no-replays', says, fix: 'see that the target answers resumes, and run longer' }
}

/** Records that nobody could be owed yet, by what kept the relay or the client from them. */
function unseenDoubts(flaws: readonly Flaw[], stalledMs: number): Doubt[] {
  const unseen = flaws.filter(({ kind }) => kind === 'unseen')
  const by = (reason: string) => unseen.filter(({ shows }) => shows?.['because'] === reason)
  const sizeOf = (some: readonly Flaw[]) => some.reduce((sum, { count }) => sum + count, 0)
  const [late, short, loose] = [by('late'), by('too-short'), by('not-held')]
  const doubts: Doubt[] = []
  if (loose.length > 0) {
    const state = String(loose[0]?.shows?.['groupState'])
    const says =
      `${sizeOf(loose)} records were not taken, and at the end the target's member did not hold ` +
      `their partition (group state: ${state}).`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, until the group is stable again' })
  }
  if (short.length > 0) {
    const forMs = Math.max(...short.map(({ shows }) => Number(shows?.['untakenForMs'])))
    const says =
      `${sizeOf(short)} records were still not taken by the relay when the run ended, ` +
      `${seconds(forMs * 1_000)} after the last that was (limit ${seconds(stalledMs * 1_000)}).`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, so that the consumer could go on' })
  }
  if (late.length > 0) {
    const says = `When the run ended, ${sizeOf(late)} records had not arrived and others still did.`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, so that slow clients get to the end' })
  }
  return doubts
}

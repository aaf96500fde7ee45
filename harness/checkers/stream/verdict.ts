/**
 * What the flaws of a stream mean for one finding. A finding with its own rules fails by them
 * alone; other flaws belong to other findings, and make this one unknown only if they hide its own.
 * What a reset of the run removed also belongs to the stream: no finding about replays is about
 * resets.
 */
import type { History } from '../../history/history.ts'
import type { AnomalyKind, Judgement } from '../checker.ts'
import { conclude, many, seconds, type Doubt, type Violation } from '../reading/conclude.ts'
import type { StreamFlaws, StreamOptions } from './options.ts'
import type { Account } from './account.ts'
import { redisOutagesOf } from './causes.ts'
import { anomaliesOf, gravity, type Flaw } from './flaw.ts'
import { indexFrom } from './owed.ts'
import { namesOf, saysNone, saysOf, saysWhole, sayKinds } from './says.ts'

/** With these, records or whole clients are missing in which other anomalies would show. */
const hiding: ReadonlySet<AnomalyKind> = new Set([
  'lost',
  'stalled',
  'closed-without-cause',
  'malformed-took-neighbour',
])

export function streamJudgement(
  history: History,
  found: StreamFlaws,
  options: Pick<StreamOptions, 'rules' | 'takenBy' | 'groups'>,
): Judgement {
  const { rules, takenBy, groups } = options
  const { flaws, accounts, limits } = found
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
    .map((flaw): Violation => {
      const says = saysOf(flaw, anomalies, limits)
      return { rule: flaw.kind, says, at: flaw.at }
    })
  const { acked, delivered } = history.stream()
  const judged = deliveredTo(history, accounts)
  const seen =
    takenBy === undefined ? materialFor(rules, accounts) : acrossOutages(history, accounts)
  const redelivered = accounts.reduce((sum, one) => sum + one.redelivered, 0)
  return conclude({
    violations,
    doubts: [
      judged === 0 ? nothingDelivered(groups) : undefined,
      hiddenBy(others, rules),
      takenBy === undefined ? undefined : coveredBy(others, rules),
      seen === 0 ? (takenBy === undefined ? nothingSeen(rules) : notAcross) : undefined,
      ...unseenDoubts(flaws, limits.stalledMs),
      ...found.doubts,
    ],
    holds: {
      rule: 'whole',
      says:
        rules === undefined
          ? saysWhole(history, found, { groups, judged, redelivered })
          : saysNone(others, { rules, takenBy, groups, judged, seen }),
    },
    exercised: Math.min(judged, seen ?? judged),
    counted: 'deliveries',
    evidence: {
      acked,
      delivered,
      ...(groups !== undefined && { deliveredToJudged: judged }),
      redelivered,
      clients: history.sessions.size,
      ...(seen !== undefined && { seen }),
    },
    anomalies,
  })
}

/** A failure of another finding that hides this one's own anomalies. */
function hiddenBy(
  others: readonly Flaw[],
  rules: readonly AnomalyKind[] | undefined,
): Doubt | undefined {
  const covers = others.filter(({ kind }) => hiding.has(kind))
  if (rules === undefined || covers.length === 0) return undefined
  const says = `The stream has ${sayKinds(covers)}, which would hide ${namesOf(rules)}.`
  return { rule: 'hidden', says, fix: 'see the finding "stream" first; then run again' }
}

/** How many replays could show the anomalies of a finding; undefined: any delivery could. */
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
    `Replays left out more than the outage of Redis removed, for example offsets ${first} to ` +
    `${last} of partition ${partition}.`
  return { rule: 'hidden', says, fix: 'see the other findings about replays first' }
}

/** Replays with records from before and from after an outage of Redis. */
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

/** Records that came to the clients that are judged, replays included. */
function deliveredTo(history: History, accounts: readonly Account[]): number {
  let count = 0
  for (const client of new Set(accounts.map((one) => one.client))) {
    for (const { first, last } of history.stream().deliveries.get(client)?.all ?? []) {
      count += last - first + 1
    }
  }
  return count
}

const nothingDelivered = (groups: readonly string[] = []): Doubt => ({
  rule: 'no-deliveries',
  says: `No client of ${groups.join(' or ')} received a record.`,
  fix: 'see why these clients did not connect',
})

const notAcross: Doubt = {
  rule: 'no-replays',
  says: 'No replay held records from before and from after the outage of Redis.',
  fix: 'see why replays are not answered, or run longer',
}

function nothingSeen(rules: readonly AnomalyKind[] = []): Doubt {
  const isSeam = rules.every((kind) => kind.startsWith('seam-'))
  const says = isSeam
    ? 'No replay was followed by live records.'
    : 'No client got a replayed record.'
  return { rule: 'no-replays', says, fix: 'check that the target answers resumes, and run longer' }
}

/** Records that are not owed yet, by what kept the relay or the client from them. */
function unseenDoubts(flaws: readonly Flaw[], stalledMs: number): Doubt[] {
  const unseen = flaws.filter(({ kind }) => kind === 'unseen')
  const by = (reason: string) => unseen.filter(({ shows }) => shows?.['because'] === reason)
  const sizeOf = (some: readonly Flaw[]) => some.reduce((sum, { count }) => sum + count, 0)
  const [late, short, loose] = [by('late'), by('too-short'), by('not-held')]
  const doubts: Doubt[] = []
  if (loose.length > 0) {
    const state = String(loose[0]?.shows?.['groupState'])
    const says =
      `${many(sizeOf(loose), 'record was', 'records were')} not read, and at the end the target ` +
      `did not hold the partition (group state: ${state}).`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, until the group is stable again' })
  }
  if (short.length > 0) {
    const forMs = Math.max(...short.map(({ shows }) => Number(shows?.['untakenForMs'])))
    const says =
      `${many(sizeOf(short), 'record was', 'records were')} not read by the relay when the run ` +
      `ended, for ${seconds(forMs * 1_000)} according to the broker (limit ` +
      `${seconds(stalledMs * 1_000)}).`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, so that the consumer can continue' })
  }
  if (late.length > 0) {
    const size = many(sizeOf(late), 'record')
    const says = `When the run ended, ${size} had not arrived, while others still did.`
    doubts.push({ rule: 'unseen', says, fix: 'run longer, so that slow clients catch up' })
  }
  return doubts
}

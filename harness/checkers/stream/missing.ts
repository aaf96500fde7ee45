/**
 * What clients were owed and did not get. Which word fits depends on who else got it, on what lies
 * beside it, and on whether the client had been behind.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import type { AnomalyKind } from '../checker.ts'
import type { Account } from './account.ts'
import { declaredRanges, declaredTo, type Declared } from './declared.ts'
import { asksFromCursor } from './excuses.ts'
import type { Exempt } from './exempt.ts'
import type { Flaw } from './flaw.ts'
import { holesIn, owedWithin, sentSince, type Ending, type Hole, type SentSince } from './owed.ts'

/** All that is needed to judge the holes of one partition. */
interface Partition {
  readonly records: PartitionRecords
  readonly since: SentSince
  readonly exempt: Exempt
  /** What at least one client got. */
  readonly someone: Ranges
  /** First offset that the relay had not committed at the end; undefined when nobody knows. */
  readonly committed: number | undefined
}

/** Flaws that are holes or false declarations. */
export function missingFlaws(
  history: History,
  accounts: readonly Account[],
  exempt: ReadonlyMap<number, Exempt>,
): Flaw[] {
  const partitions = partitionsOf(history, accounts, exempt)
  const frames = Map.groupBy(history.events('control'), ([, , client]) => client)
  const ending = endingOf(history)
  const asked = asksFromCursor(history)
  const byClient = Map.groupBy(accounts, ({ client }) => client)
  return [...byClient].flatMap(([client, own]) => {
    const told = declaredTo(frames.get(client) ?? [])
    const holes = own.flatMap((one) => holesOf(one, partitions, told, ending, asked))
    const unpaid = payByCount(holes, told)
    const gaps = own.flatMap((one) => falseGaps(one, told, partitions.get(one.partition)))
    return gaps.concat(unpaid.map((hole) => flawOf(hole, client, partitions, told)))
  })
}

function holesOf(
  { client, partition, received, sessions }: Account,
  partitions: ReadonlyMap<number, Partition>,
  told: Declared,
  ending: Ending,
  asked: ReturnType<typeof asksFromCursor>,
): Hole[] {
  const known = partitions.get(partition)
  if (known === undefined) return []
  const { records, since, exempt } = known
  const accounted = [received, exempt.all, declaredRanges(told, partition)]
  return sessions.flatMap((within) => {
    const { begin, end } = within.session
    const hasCursorResume = asked(client, begin, end)
    const owed = owedWithin(within, records, since, hasCursorResume, ending)
    if (owed === undefined) return []
    return holesIn(owed, within, accounted, records).filter((hole) => !isCapped(hole, told))
  })
}

/** A replay that said `capped` declares what lies between its end and the first live record. */
function isCapped({ first, last, within }: Hole, { capped }: Declared): boolean {
  const { session, replayed, live } = within
  const isTold = capped.some((t) => t >= session.begin && t <= session.end)
  return isTold && first > (replayed.last ?? -1) && last < (live.first ?? Infinity)
}

/** Gaps that only tell a number pay for as many missing records, earliest first. */
function payByCount(holes: readonly Hole[], { counts }: Declared): Hole[] {
  let budget = counts.reduce((sum, { count }) => sum + count, 0)
  return holes.flatMap((hole) => {
    const paid = Math.min(budget, hole.count)
    budget -= paid
    return paid === hole.count ? [] : [{ ...hole, count: hole.count - paid }]
  })
}

function flawOf(
  hole: Hole,
  client: number,
  partitions: ReadonlyMap<number, Partition>,
  told: Declared,
): Flaw {
  const { partition, first, last, count, within } = hole
  const known = partitions.get(partition) as Partition
  const { session, highest } = within
  const kind = kindOf(hole, known, told)
  const record = known.records.record(Math.max(0, known.records.indexOf(first)))
  const shows = {
    ackedAt: record.ackedAt,
    sequence: record.sequence,
    thread: record.thread,
    highestReceived: highest ?? null,
  }
  const at = firstArrivalAfter(hole) ?? session.end
  const where = { client, group: session.group, partition, first, last }
  return { kind, ...where, count, at, shows }
}

function kindOf(hole: Hole, known: Partition, told: Declared): AnomalyKind {
  const { first, last, within, isTrailing } = hole
  const nobodyGotIt = known.someone.within(first, last).length === 0
  const { committed } = known
  if (nobodyGotIt && isTrailing && committed !== undefined && first >= committed) return 'unseen'
  if (nobodyGotIt && touches(known.exempt.poison, first, last)) return 'malformed-took-neighbour'
  if (nobodyGotIt || isTrailing) return 'lost'
  const { session, replayed, live } = within
  const replayEnd = replayed.last
  if (replayEnd !== undefined && first > replayEnd && last < (live.last ?? -1)) {
    if (live.within(replayEnd + 1, first - 1).length === 0) return 'seam-skip'
  }
  const isInReplay = replayEnd !== undefined && first < replayEnd
  const wasBehind = session.stalls.length > 0 || told.counts.length + told.ranges.length > 0
  return isInReplay || wasBehind ? 'gap-hidden' : 'skip'
}

const touches = (set: Ranges, first: number, last: number): boolean =>
  set.within(first - 1, last + 1).length > 0

function firstArrivalAfter({ last, within }: Hole): Micros | undefined {
  return within.runs.find((run) => run.last > last)?.from
}

/** Ranges that were declared missing although the client had them, or that never existed. */
function falseGaps(
  { client, partition, sessions }: Account,
  told: Declared,
  known: Partition | undefined,
): Flaw[] {
  const group = sessions[0]?.session.group ?? ''
  return told.ranges.flatMap((range): Flaw[] => {
    if (range.partition !== partition || range.last < range.first) return []
    const before = new Ranges()
    for (const run of sessions.flatMap(({ runs }) => runs)) {
      if (run.until < range.t) before.add(run.first, run.last)
    }
    const had = before.within(range.first, range.last)
    const end = known?.records.lastOffset ?? -1
    const made = { first: Math.max(range.first, end + 1), last: range.last }
    return [...had, ...(range.last > end ? [made] : [])].map(({ first, last }) => {
      const count = last - first + 1
      return { kind: 'gap-false', client, group, partition, first, last, count, at: range.t }
    })
  })
}

function partitionsOf(
  history: History,
  accounts: readonly Account[],
  exempt: ReadonlyMap<number, Exempt>,
): ReadonlyMap<number, Partition> {
  const partitions = new Map<number, Partition>()
  const last = history.events('lagtruth').at(-1)?.[4] ?? {}
  for (const [partition, records] of history.stream().records) {
    const told = Number(last[String(partition)]?.[2] ?? -1)
    partitions.set(partition, {
      records,
      since: sentSince(records),
      exempt: exempt.get(partition) ?? { poison: new Ranges(), all: new Ranges() },
      someone: new Ranges(),
      committed: told >= 0 ? told : undefined,
    })
  }
  for (const { partition, received } of accounts) {
    partitions.get(partition)?.someone.addAll(received.all)
  }
  return partitions
}

/** A run settles in the phase of that name; one that never did has no telling end. */
function endingOf(history: History): Ending {
  const settle = history.phases.findLast(({ name }) => name === 'settle')
  return { at: settle?.end ?? history.end, isSettled: settle?.hasEnded ?? false }
}

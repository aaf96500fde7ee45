/**
 * What clients were owed and did not get. The kind of anomaly depends on which other clients got
 * it, on what is next to it, on whether the client had lagged, and on what the consumer did.
 */
import type { ControlIn, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { AnomalyKind } from '../checker.ts'
import { many, type Doubt } from '../reading/conclude.ts'
import type { Account, SessionAccount } from './account.ts'
import type { Causes } from './causes.ts'
import type { Causeless } from './closings.ts'
import { capsOf, type Caps } from './caps.ts'
import { payByCount } from './counted.ts'
import { declarationsTo } from './declared.ts'
import { asksFromCursor } from './excuses.ts'
import type { Exempt } from './exempt.ts'
import type { Flaw } from './flaw.ts'
import { judgeRanges, type Told } from './gaps.ts'
import type { StreamLimits } from './limits.ts'
import {
  holesIn,
  indexFrom,
  isOpenAtEnd,
  owedWithin,
  sentSince,
  type Ending,
  type Hole,
  type SentSince,
} from './owed.ts'
import { isUnstored, reasonsOf, type Reasons } from './reasons.ts'
import { resumesOf, type Resume } from './resumes.ts'
import { waitsOf, type Waiting, type Waits } from './waiting.ts'

const { stillFedMicros } = tolerances

/** What is needed to judge the holes of one partition. */
interface Partition {
  readonly records: PartitionRecords
  readonly since: SentSince
  readonly exempt: Ranges
  readonly poison: Ranges
  readonly end: number
  /** What at least one client got, and when the last of it came. */
  readonly someone: Ranges
  lastArrival: Micros
}

/** What the whole stream is compared with. */
export interface Bearings {
  readonly history: History
  readonly accounts: readonly Account[]
  readonly exempt: ReadonlyMap<number, Exempt>
  readonly causes: Causes
  readonly causeless: Causeless
  readonly ending: Ending
  readonly limits: StreamLimits
  /** The relay is configured to stop at a malformed record. */
  readonly haltsAtPoison: boolean
}

export interface Missing {
  readonly flaws: readonly Flaw[]
  readonly doubts: readonly Doubt[]
}

/** Flaws that are holes or declarations of holes. */
export function missingFlaws(bearings: Bearings): Missing {
  const { history, accounts, limits, causes, ending, haltsAtPoison } = bearings
  const known = partitionsOf(bearings)
  const frames = Map.groupBy(history.events('control'), ([, , client]) => client)
  const resumes = resumesOf(history)
  const reasons = reasonsOf(history, causes, limits, (one) => known.get(one)?.someone)
  const waits = waitsOf(history, ending, limits, haltsAtPoison)
  const asked = asksFromCursor(history)
  const judged = [...Map.groupBy(accounts, ({ client }) => client)].map(([client, own]) => {
    const about = { client, frames: frames.get(client) ?? [], resumes: resumes.get(client) ?? [] }
    return new ClientsHoles(bearings, own, about, { known, reasons, waits, asked }).judge()
  })
  const sum = (count: (one: ClientsMissing) => number) =>
    judged.reduce((all, one) => all + count(one), 0)
  return {
    flaws: judged.flatMap(({ flaws }) => flaws),
    doubts: [
      ...gapDoubt(sum(({ unexplained }) => unexplained)),
      ...capDoubt(sum(({ caps }) => caps.unknown)),
    ],
  }
}

function gapDoubt(records: number): Doubt[] {
  if (records === 0) return []
  const says =
    `${many(records, 'record was', 'records were')} declared missing, and it is not known how ` +
    'many the target retains.'
  const fix =
    'give the limits of the target: records kept for replay (REDIS_MAX_SEQUENCES) and for ' +
    'lagging clients (WEBSOCKET_BUFFER_SIZE)'
  return [{ rule: 'gap-reason-unknown', says, fix }]
}

function capDoubt(caps: number): Doubt[] {
  if (caps === 0) return []
  const says = `${many(caps, 'replay')} ended with "capped", and the target's limit is not known.`
  const fix = 'give the most records that one replay of the target holds (REPLAY_MAX_TOTAL)'
  return [{ rule: 'cap-unknown', says, fix }]
}

interface ClientsMissing {
  readonly flaws: readonly Flaw[]
  readonly unexplained: number
  readonly caps: Caps
}

/** What every client's holes are judged with. */
interface Common {
  readonly known: ReadonlyMap<number, Partition>
  readonly reasons: Reasons
  readonly waits: Waits
  readonly asked: ReturnType<typeof asksFromCursor>
}

/** What was declared to one client and what it requested. */
interface About {
  readonly client: number
  readonly frames: readonly ControlIn[]
  readonly resumes: readonly Resume[]
}

/** The holes of one client, in all partitions. */
class ClientsHoles {
  readonly #bearings: Bearings
  readonly #accounts: readonly Account[]
  readonly #common: Common
  readonly #caps: Caps
  readonly #told: Told
  readonly #lastArrival: Micros

  constructor(bearings: Bearings, accounts: readonly Account[], about: About, common: Common) {
    const { history, limits } = bearings
    this.#bearings = bearings
    this.#accounts = accounts
    this.#common = common
    this.#caps = capsOf(about.resumes, accounts, limits.replayRecordsMax)
    this.#lastArrival = lastArrivalOf(accounts)
    this.#told = {
      client: about.client,
      accounts,
      declarations: declarationsTo(history, about.frames),
      resumes: about.resumes,
      known: common.known,
      reasons: common.reasons,
      cappedAfter: (...where) => this.#caps.after(...where),
    }
  }

  judge(): ClientsMissing {
    const gaps = judgeRanges(this.#told)
    const holes = this.#accounts.flatMap((one) => this.#holesOf(one, gaps.declared))
    const paid = payByCount(holes, this.#told)
    const flaws = [
      ...withinAllowance([...gaps.flaws, ...paid.flaws], this.#bearings.limits),
      ...paid.holes.flatMap((hole) => this.#flawOf(hole) ?? []),
    ]
    return { flaws, unexplained: gaps.unexplained + paid.unexplained, caps: this.#caps }
  }

  #holesOf(account: Account, declared: ReadonlyMap<SessionAccount, Ranges>): Hole[] {
    const { client, partition, received, sessions } = account
    const known = this.#common.known.get(partition)
    if (known === undefined) return []
    const { causeless, ending } = this.#bearings
    return sessions.flatMap((within, index) => {
      const { session } = within
      const isLast = index === sessions.length - 1
      const wasThrownOut = causeless.has(sessions[index - 1]?.session as never)
      const isOwedRest = ending.isSettled && isLast && causeless.has(session)
      const owed = owedWithin(within, known.records, known.since, {
        goesOn: wasThrownOut || this.#common.asked(client, session.begin, session.end),
        owesTail: isOwedRest || isOpenAtEnd(session, ending),
      })
      if (owed === undefined) return []
      const accounted = [received, known.exempt, declared.get(within) ?? new Ranges()]
      const holes = holesIn(owed, within, accounted, known.records)
      return holes.filter((hole) => !this.#caps.excuses(hole))
    })
  }

  /** None if the target is configured to stop there. */
  #flawOf(hole: Hole): Flaw | undefined {
    const { partition, first, last, count, within } = hole
    const known = this.#common.known.get(partition) as Partition
    const { session, highest } = within
    const index = known.records.indexOf(first)
    const record = known.records.record(Math.max(0, index))
    const { kind, waiting } = this.#kindOf(hole, known)
    if (waiting?.verdict === 'halted') return undefined
    const at = firstArrivalAfter(hole) ?? session.end
    const shows = {
      ackedAt: record.ackedAt,
      sequence: record.sequence,
      thread: record.thread,
      highestReceived: highest ?? null,
      ...(waiting && { groupState: waiting.groupState, untakenForMs: msOf(waiting.forMicros) }),
      ...(kind === 'unseen' && { because: waiting?.verdict ?? 'late' }),
      ...(this.#isOfOutage(hole, known) && { because: 'outage' }),
      ...(this.#isReset(hole, known) && { because: 'reset' }),
    }
    const where = { client: session.client, group: session.group, partition, first, last }
    return { kind, ...where, count, at, shows }
  }

  #kindOf(hole: Hole, known: Partition): { kind: AnomalyKind; waiting?: Waiting } {
    const { partition, first, last, within, isTrailing } = hole
    const { waits } = this.#common
    const reachedNoClient = known.someone.within(first, last).length === 0
    if (isTrailing && reachedNoClient && first >= (waits.committed(partition) ?? Infinity)) {
      const index = Math.max(0, known.records.indexOf(first))
      const waiting = waits.of(known.records, index, known.lastArrival)
      if (waiting !== undefined) {
        return { kind: waiting.verdict === 'stalled' ? 'stalled' : 'unseen', waiting }
      }
    }
    if (isTrailing && this.#isStillFed(within)) return { kind: 'unseen' }
    if (reachedNoClient && touches(known.poison, first, last)) {
      return { kind: 'malformed-took-neighbour' }
    }
    return { kind: reachedNoClient || isTrailing ? 'lost' : this.#innerKind(hole) }
  }

  /** Others got it, and this client got a later record. */
  #innerKind({ first, last, within }: Hole): AnomalyKind {
    const { session, replayed, live } = within
    const replayEnd = replayed.last
    const isCut = this.#caps.isForged(session)
    if (replayEnd !== undefined && first > replayEnd && last < (live.last ?? -1) && !isCut) {
      if (live.within(replayEnd + 1, first - 1).length === 0) return 'seam-skip'
    }
    const isInReplay = replayEnd !== undefined && first < replayEnd
    const wasBehind = session.stalls.length > 0 || this.#told.declarations.length > 0
    return isInReplay || isCut || wasBehind ? 'gap-hidden' : 'skip'
  }

  /** A reset of the run removed all of it; that it was not declared is still wrong. */
  #isReset({ last, within: { session } }: Hole, { records }: Partition): boolean {
    const ackedAt = records.ackedAt[indexFrom(records, last + 1) - 1] ?? Infinity
    return this.#bearings.causes.resets.some(
      ({ begin, end }) => session.begin >= begin && ackedAt <= end,
    )
  }

  /** All of it was sent during an outage of Redis. */
  #isOfOutage(hole: Hole, { records }: Partition): boolean {
    const { redisOutages } = this.#bearings.causes
    const [first, next] = [indexFrom(records, hole.first), indexFrom(records, hole.last + 1)]
    return [first, next - 1].every((index) => isUnstored(redisOutages, records.sentAt[index] ?? -1))
  }

  /** Deliveries continued to the end: what is missing may still have been in flight. */
  #isStillFed({ session }: SessionAccount): boolean {
    const { ending } = this.#bearings
    return isOpenAtEnd(session, ending) && this.#lastArrival > ending.at - stillFedMicros
  }
}

const msOf = (micros: Micros): number => Math.round(micros / 1_000)

/** A scenario may allow a number of records to be declared missing to one client. */
function withinAllowance(flaws: readonly Flaw[], { declaredLossMax }: StreamLimits) {
  const needless = flaws
    .filter(({ kind }) => kind === 'gap-needless')
    .reduce((sum, { count }) => sum + count, 0)
  return needless > declaredLossMax ? flaws : flaws.filter(({ kind }) => kind !== 'gap-needless')
}

const touches = (set: Ranges, first: number, last: number): boolean =>
  set.within(first - 1, last + 1).length > 0

function firstArrivalAfter({ last, within }: Hole): Micros | undefined {
  return within.runs.find((run) => run.last > last)?.from
}

function lastArrivalOf(accounts: readonly Account[]): Micros {
  let last = 0
  for (const { sessions } of accounts) {
    for (const { lastArrival = 0 } of sessions) last = Math.max(last, lastArrival)
  }
  return last
}

function partitionsOf({ history, accounts, exempt }: Bearings): ReadonlyMap<number, Partition> {
  const partitions = new Map<number, Partition>()
  const ends = history.events('lagtruth').at(-1)?.[4] ?? {}
  for (const [partition, records] of history.stream().records) {
    const { all = new Ranges(), poison = new Ranges() } = exempt.get(partition) ?? {}
    partitions.set(partition, {
      records,
      since: sentSince(records),
      exempt: all,
      poison,
      end: Math.max(records.lastOffset, Number(ends[String(partition)]?.[1] ?? 0) - 1),
      someone: new Ranges(),
      lastArrival: 0,
    })
  }
  for (const { partition, received, sessions } of accounts) {
    const known = partitions.get(partition)
    if (known === undefined) continue
    known.someone.addAll(received.all)
    for (const { lastArrival = 0 } of sessions) {
      known.lastArrival = Math.max(known.lastArrival, lastArrival)
    }
  }
  return partitions
}

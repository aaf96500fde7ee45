/**
 * The account of one client in one partition: what it received, in which order, and what it was
 * owed. Runs of consecutive offsets are compared with ranges, so that ordinary records cost nothing
 * one by one.
 */
import type { Run } from '../../history/deliveries.ts'
import type { Micros } from '../../history/event.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import type { Session } from '../../history/windows.ts'
import type { Rewind } from './excuses.ts'
import type { Flaw } from './flaw.ts'

/** What happened to one client in one partition within one connection. */
export interface SessionAccount {
  readonly session: Session
  readonly runs: readonly Run[]
  readonly replayed: Ranges
  readonly live: Ranges
  /** Highest and lowest offset received; undefined when nothing came. */
  readonly highest: number | undefined
  readonly lowest: number | undefined
  /** Highest offset that this client had before this connection. */
  readonly cursor: number | undefined
  readonly lastArrival: Micros | undefined
}

export interface Account {
  readonly client: number
  readonly partition: number
  readonly received: Ranges
  readonly sessions: readonly SessionAccount[]
  readonly flaws: readonly Flaw[]
  /** Records that came again, excused by a restart or a rebalance. */
  readonly redelivered: number
  /** Those of them that were excused although the last commit was not known. */
  readonly redeliveredBlindly: number
}

/** When neither client nor relay is at fault if records come again. */
export interface Excuses {
  /** After what records of the partition may come once more, by time. */
  rewinds(partition: number): readonly Rewind[]
  /** How many replays the client asked for within the session. */
  resumes(session: Session): number
}

/** Reads the runs of one client and partition against its sessions. */
export function account(
  client: number,
  partition: number,
  sessions: readonly Session[],
  runs: readonly Run[],
  excuses: Excuses,
): Account {
  const received = new Ranges()
  const flaws: Flaw[] = []
  const accounts: SessionAccount[] = []
  const again = new Redeliveries(excuses.rewinds(partition))
  let next = 0
  for (const [index, session] of sessions.entries()) {
    const following = sessions[index + 1]?.begin ?? Infinity
    const begin = next
    while (next < runs.length && (runs[next] as Run).from < following) next += 1
    const own = runs.slice(begin, next)
    const reader = new SessionReader({ client, partition, session, received, excuses, again })
    for (const run of own) reader.read(run)
    flaws.push(...reader.flaws)
    accounts.push(reader.account(own))
  }
  const { redelivered, redeliveredBlindly } = again
  const whole = { client, partition, received, sessions: accounts, flaws }
  return { ...whole, redelivered, redeliveredBlindly }
}

/** What one client got again in one partition, and what of it a rewind excuses: each once. */
class Redeliveries {
  redelivered = 0
  redeliveredBlindly = 0
  readonly #rewinds: readonly Rewind[]
  readonly #used = new Map<Rewind, Ranges>()

  constructor(rewinds: readonly Rewind[]) {
    this.#rewinds = rewinds
  }

  /** The parts of a range that came again at `t` and may not have. */
  unexcused({ first, last }: Range, t: Micros, had: Had): readonly Range[] {
    let open: readonly Range[] = [{ first, last }]
    for (const rewind of this.#rewinds) {
      if (rewind.begin > t || rewind.until < t || open.length === 0) continue
      open = open.flatMap((part) => this.#excuse(part, rewind, had))
    }
    return open
  }

  /** Whether a late record may come at `t`: it is after a commit that a restart went back to. */
  mayComeLate(offset: number, t: Micros, had: Had): boolean {
    return this.#rewinds.some((rewind) => {
      const { begin, until, upTo } = rewind
      return begin <= t && until >= t && offset >= leastOf(rewind, had) && offset <= upTo
    })
  }

  #excuse(part: Range, rewind: Rewind, had: Had): readonly Range[] {
    const { upTo } = rewind
    const [first, last] = [Math.max(part.first, leastOf(rewind, had)), Math.min(part.last, upTo)]
    if (last < first) return [part]
    const used = this.#used.get(rewind) ?? new Ranges()
    this.#used.set(rewind, used)
    const left = rangeOf(used.missing(first, last))
    const count = left.all.reduce((sum, range) => sum + range.last - range.first + 1, 0)
    this.redelivered += count
    if (rewind.from === undefined) this.redeliveredBlindly += count
    used.add(first, last)
    return left.missing(part.first, part.last)
  }
}

/** What a connection has had live so far. */
interface Had {
  readonly since: Micros
  readonly live: Ranges
}

/** The lowest offset that may come again: not below what a process itself has sent already. */
const leastOf = ({ begin, from = 0, isRestart }: Rewind, { since, live }: Had): number =>
  isRestart && since > begin ? Math.max(from, (live.last ?? -1) + 1) : from

interface Reading {
  readonly client: number
  readonly partition: number
  readonly session: Session
  /** What the client has had so far, over all its connections; grows as runs are read. */
  readonly received: Ranges
  readonly excuses: Excuses
  readonly again: Redeliveries
}

class SessionReader {
  readonly flaws: Flaw[] = []
  readonly #of: Reading
  readonly #cursor: number | undefined
  #replayed = new Ranges()
  #hasReplayBegun = false
  readonly #live = new Ranges()
  #lastArrival: Micros | undefined

  constructor(reading: Reading) {
    this.#of = reading
    this.#cursor = reading.received.last
  }

  read(run: Run): void {
    if (run.path === 'live') this.#readLive(run)
    else this.#readReplay(run)
    this.#of.received.add(run.first, run.last)
    this.#lastArrival = Math.max(this.#lastArrival ?? 0, run.until)
  }

  account(runs: readonly Run[]): SessionAccount {
    const bounds = [this.#replayed, this.#live]
    const highest = bounds.flatMap(({ last }) => (last === undefined ? [] : [last]))
    const lowest = bounds.flatMap(({ first }) => (first === undefined ? [] : [first]))
    return {
      session: this.#of.session,
      runs,
      replayed: this.#replayed,
      live: this.#live,
      highest: highest.length > 0 ? Math.max(...highest) : undefined,
      lowest: lowest.length > 0 ? Math.min(...lowest) : undefined,
      cursor: this.#cursor,
      lastArrival: this.#lastArrival,
    }
  }

  #readLive(run: Run): void {
    const highest = Math.max(this.#live.last ?? -1, this.#replayed.last ?? -1)
    const known = Math.max(highest, this.#of.received.last ?? -1)
    if (run.first <= known) this.#readLiveAgain(run, highest)
    this.#live.add(run.first, run.last)
  }

  /** The run is not a plain continuation: some of it came before, or comes too late. */
  #readLiveAgain(run: Run, highest: number): void {
    const { received, again, session } = this.#of
    const had = { since: session.begin, live: this.#live }
    for (const range of received.within(run.first, run.last)) {
      const parts = again.unexcused(range, run.from, had)
      for (const part of parts) this.#judgeAgain(part, run)
    }
    for (const range of received.missing(run.first, Math.min(run.last, highest))) {
      if (again.mayComeLate(range.first, run.from, had)) continue
      this.#flaw('nonmonotonic', range, run.from, { after: highest })
    }
  }

  #judgeAgain(range: Range, run: Run): void {
    const again = this.#live.within(range.first, range.last)
    const sofar = rangeOf(again)
    const seam = sofar
      .missing(range.first, range.last)
      .flatMap((part) => this.#replayed.within(part.first, part.last))
    sofar.addAll(seam)
    for (const part of seam) this.#flaw('seam-duplicate', part, run.from)
    for (const part of again) this.#flaw('duplicate', part, run.from)
    for (const part of sofar.missing(range.first, range.last)) {
      this.#flaw('duplicate', part, run.from, { sinceConnection: this.#of.session.begin })
    }
  }

  /**
   * A replay may bring what the client already had, but nothing twice in one replay. Live records
   * during the request count as replay until offsets first go back.
   */
  #readReplay(run: Run): void {
    const highest = this.#replayed.last ?? -1
    if (run.first <= highest && !this.#hasReplayBegun) {
      this.#hasReplayBegun = true
      this.#live.addAll(this.#replayed.all)
      this.#replayed = new Ranges()
    } else if (run.first <= highest && this.#of.excuses.resumes(this.#of.session) <= 1) {
      for (const range of this.#replayed.within(run.first, run.last)) {
        this.#flaw('duplicate', range, run.from, { path: 'replay' })
      }
      for (const range of this.#replayed.missing(run.first, Math.min(run.last, highest))) {
        this.#flaw('nonmonotonic', range, run.from, { path: 'replay', after: highest })
      }
    }
    this.#replayed.add(run.first, run.last)
  }

  #flaw(
    kind: Flaw['kind'],
    { first, last }: Range,
    at: Micros,
    shows?: Readonly<Record<string, unknown>>,
  ): void {
    const count = last - first + 1
    const { group } = this.#of.session
    const { client, partition } = this.#of
    const flaw = { kind, client, group, partition, first, last, count, at }
    this.flaws.push(shows === undefined ? flaw : { ...flaw, shows })
  }
}

function rangeOf(ranges: readonly Range[]): Ranges {
  const set = new Ranges()
  set.addAll(ranges)
  return set
}

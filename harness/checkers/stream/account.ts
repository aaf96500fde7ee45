/**
 * The account of one client in one partition: what it received, in which order, and what it was
 * owed. Runs of consecutive offsets are compared with ranges, so that a record which went well
 * costs nothing of its own.
 */
import type { Run } from '../../history/deliveries.ts'
import type { Micros } from '../../history/event.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import type { Session } from '../../history/windows.ts'
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
  /** Records that came again and were excused by a restart or a rebalance. */
  readonly redelivered: number
}

/** When it is not a client's fault, nor the relay's, that records come again. */
export interface Excuses {
  /** Whether live records of `partition` may come again, or late, at `t`. */
  mayRewind(partition: number, t: Micros): boolean
  /** Whether the relay was killed or restarted between the two times. */
  hasRestarted(from: Micros, until: Micros): boolean
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
  let redelivered = 0
  let next = 0
  for (const [index, session] of sessions.entries()) {
    const following = sessions[index + 1]?.begin ?? Infinity
    const begin = next
    while (next < runs.length && (runs[next] as Run).from < following) next += 1
    const own = runs.slice(begin, next)
    const since = sessions[index - 1]?.begin ?? session.begin
    const reader = new SessionReader({ client, partition, session, received, excuses, since })
    for (const run of own) reader.read(run)
    flaws.push(...reader.flaws)
    redelivered += reader.redelivered
    accounts.push(reader.account(own))
  }
  return { client, partition, received, sessions: accounts, flaws, redelivered }
}

interface Reading {
  readonly client: number
  readonly partition: number
  readonly session: Session
  /** What the client has had so far, over all its connections; grows as runs are read. */
  readonly received: Ranges
  readonly excuses: Excuses
  /** Beginning of the connection before this one. */
  readonly since: Micros
}

class SessionReader {
  readonly flaws: Flaw[] = []
  redelivered = 0
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

  /** The run does not simply go on: some of it came before, or comes too late. */
  #readLiveAgain(run: Run, highest: number): void {
    const isExcused = this.#of.excuses.mayRewind(this.#of.partition, run.from)
    const again = this.#of.received.within(run.first, run.last)
    for (const range of again) this.#judgeAgain(range, run, isExcused)
    if (isExcused) return
    for (const range of this.#of.received.missing(run.first, Math.min(run.last, highest))) {
      this.#flaw('nonmonotonic', range, run.from, { after: highest })
    }
  }

  #judgeAgain(range: Range, run: Run, isExcused: boolean): void {
    const again = this.#live.within(range.first, range.last)
    const sofar = rangeOf(again)
    const seam = sofar
      .missing(range.first, range.last)
      .flatMap((part) => this.#replayed.within(part.first, part.last))
    sofar.addAll(seam)
    for (const part of seam) {
      if (isExcused) this.redelivered += part.last - part.first + 1
      else this.#flaw('seam-duplicate', part, run.from)
    }
    for (const part of again) {
      if (isExcused) this.redelivered += part.last - part.first + 1
      else this.#flaw('duplicate', part, run.from)
    }
    for (const part of sofar.missing(range.first, range.last)) {
      if (isExcused || this.#of.excuses.hasRestarted(this.#of.since, run.from)) {
        this.redelivered += part.last - part.first + 1
      } else {
        this.#flaw('duplicate', part, run.from, { sinceConnection: this.#of.session.begin })
      }
    }
  }

  /**
   * A replay may bring what the client had already: it asked. Twice in one replay it may not. What
   * was still live when the request was under way counts as replay, until offsets first go back.
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

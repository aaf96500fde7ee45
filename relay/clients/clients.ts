/**
 * All clients. Whatever is done for each of them, per flush or per sweep, is done here in one loop
 * and on one timer, and in slices of the event loop where they are very many.
 */
import type { BatchRun } from '../kafka/kafka-consumer.ts'
import type { ByteLog } from '../log/byte-log.ts'
import type { Share } from '../limits/ledger.ts'
import type { Session } from './session.ts'
import { sleep, type Clock } from '../world/clock.ts'
import { Rounds } from '../world/rounds.ts'

export interface ClientsNeeds {
  readonly log: ByteLog
  readonly clock: Clock
  readonly pinnedBytesMax: number
  /** Where the frames of clients' own are accounted for. */
  readonly queues: Pick<Share, 'excessBytes' | 'refusals'>
  /** All clients were looked at. */
  readonly onSwept: () => void
  /** How long consumption waits for the foremost client at most. */
  readonly waitMsMax: number
  /** Runs work after what has arrived by now was read. */
  readonly soon: (work: () => void) => void
}

/** Share of the ring that even the foremost client may be behind before consumption waits. */
const shareBehindMax = 0.25
/** What a client is told at its end fits in here; more is what it did not take. */
const farewellBytesMax = 4_096
/** Deadlines are kept to within this. */
const sweepMs = 100
const waitStepMs = 5

export class Clients {
  readonly #needs: ClientsNeeds
  readonly #sessions = new Set<Session>()
  readonly #wakes: Rounds<Session>
  readonly #sweeps: Rounds<Session>
  #sweptMs = 0

  constructor(needs: ClientsNeeds) {
    this.#needs = needs
    const { clock } = needs
    this.#wakes = new Rounds(clock, this.#sessions, ({ outlet }) => outlet.wake())
    this.#sweeps = new Rounds(clock, this.#sessions, (session) => this.#sweepOne(session))
    // When the process stood still, timers come first: what clients sent meanwhile is unread yet.
    needs.clock.every(sweepMs, () => needs.soon(() => this.sweep()))
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Bytes that all clients hold. */
  get heldBytes(): number {
    let bytes = 0
    for (const { outlet } of this.#sessions) bytes += outlet.heldBytes
    return bytes
  }

  add(session: Session): void {
    this.#sessions.add(session)
  }

  remove(session: Session): void {
    this.#sessions.delete(session)
  }

  all(): readonly Session[] {
    return [...this.#sessions]
  }

  /** Does something with each client, in slices; settles when it was done with all. */
  async round(work: (session: Session) => void): Promise<void> {
    await new Rounds(this.#needs.clock, this.#sessions, work).begin()
  }

  /**
   * The log has grown: every client takes what it can.
   *
   * @returns settles when all were woken; undefined when they are
   */
  wakeAll(): Promise<void> | undefined {
    const woken = this.#wakes.begin()
    if (woken !== undefined) return woken.then(() => this.#keepPinnedBelow())
    this.#keepPinnedBelow()
    return undefined
  }

  /** Looks at everything that depends on time; the bounds of all come last. */
  sweep(): void {
    this.#sweptMs = this.#needs.clock.nowMs()
    const swept = this.#sweeps.begin()
    if (swept === undefined) this.#swept()
    else void swept.then(() => this.#swept())
  }

  #sweepOne(session: Session): void {
    const { log } = this.#needs
    session.sweep(this.#sweptMs)
    if (session.isOver) return
    session.misses(log.ordinal - log.ringRecords - session.outlet.ordinal)
  }

  #swept(): void {
    this.#keepPinnedBelow()
    this.#keepQueuesBelow()
    this.#needs.onSwept()
  }

  /**
   * Waits while even the foremost client is far behind: then nobody keeps up, and going on would
   * make all of them lose records. One slow client holds nobody back, and a client that takes no
   * bytes at all is closed by its send deadline, so the wait has an end.
   */
  async room(run: Pick<BatchRun, 'beat' | 'isStale'>): Promise<void> {
    if (!this.#isOutrun()) return
    const { clock, waitMsMax } = this.#needs
    const untilMs = clock.nowMs() + waitMsMax
    while (this.#isOutrun() && clock.nowMs() < untilMs && !run.isStale()) {
      await sleep(clock, waitStepMs)
      await run.beat()
    }
  }

  #isOutrun(): boolean {
    const { log } = this.#needs
    for (const { outlet } of this.#sessions) {
      if (log.shareBehind(outlet.ordinal) <= shareBehindMax) return false
    }
    return this.#sessions.size > 0
  }

  /**
   * Closes those with the longest queues while all queues together are too long. What they are
   * being written stays until they take it; of those that had the time of a sweep to do so and
   * still hold it, the longest are given up first.
   */
  #keepQueuesBelow(): void {
    let excessBytes = this.#needs.queues.excessBytes
    if (excessBytes <= 0) return
    const longestFirst = (a: Session, b: Session) => b.outlet.queuedBytes - a.outlet.queuedBytes
    const over = this.all().filter(({ isOver }) => isOver)
    for (const { outlet } of over.toSorted(longestFirst)) {
      if (excessBytes <= 0) return
      if (outlet.queuedBytes <= farewellBytesMax) break
      excessBytes -= outlet.queuedBytes
      outlet.abandon()
    }
    for (const session of this.#closable().toSorted(longestFirst)) {
      if (excessBytes <= 0) return
      excessBytes -= session.outlet.queuedBytes
      this.#needs.queues.refusals += 1
      session.close('control_backlog')
    }
  }

  /** Closes those furthest behind while sockets hold more evicted bytes than they may. */
  #keepPinnedBelow(): void {
    const { log, pinnedBytesMax } = this.#needs
    if (log.pinnedBytes <= pinnedBytesMax) return
    const pinning = this.#closable().filter(({ outlet }) => outlet.isPinning)
    const lastFirst = (a: Session, b: Session) => a.outlet.ordinal - b.outlet.ordinal
    for (const { outlet } of pinning.toSorted(lastFirst)) {
      if (log.pinnedBytes <= pinnedBytesMax) return
      outlet.close('slow_consumer_memory')
    }
  }

  /**
   * Whoever is being ended already cannot be hurried: the deadline of its write under way frees
   * what it holds. Until then it may hold evicted bytes beyond the budget, but no more than the
   * ring has evicted in that time.
   */
  #closable(): Session[] {
    return this.all().filter(({ isOver }) => !isOver)
  }
}

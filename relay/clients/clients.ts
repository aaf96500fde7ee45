/**
 * All clients. Work for each of them, per flush or per sweep, is done here in one loop and on one
 * timer, and in slices of the event loop where there are thousands.
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
  /** Memory account of answers to clients. */
  readonly queues: Pick<Share, 'excessBytes' | 'refusals'>
  /** A sweep over all clients has ended. */
  readonly onSwept: () => void
  /** Longest time that consumption waits for the fastest client. */
  readonly waitMsMax: number
  /** Runs work after all input that has arrived by now was read. */
  readonly soon: (work: () => void) => void
}

/** Share of the ring that even the fastest client may be behind before consumption waits. */
const shareBehindMax = 0.25
/** The last frames of a client fit in here; a longer queue means that it does not read. */
const closingBytesMax = 4_096
/** Deadlines are exact to within this. */
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
    // After a pause of the process timers run first: what clients sent meanwhile is still unread.
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

  /** Calls `work` with each client, in slices; settles after the last one. */
  async round(work: (session: Session) => void): Promise<void> {
    await new Rounds(this.#needs.clock, this.#sessions, work).begin()
  }

  /**
   * The log has grown: every client writes what it can.
   *
   * @returns settles when all were woken; undefined when they already are
   */
  wakeAll(): Promise<void> | undefined {
    const woken = this.#wakes.begin()
    if (woken !== undefined) return woken.then(() => this.#keepPinnedBelow())
    this.#keepPinnedBelow()
    return undefined
  }

  /** Checks everything that depends on time; then the limits over all clients. */
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
   * Waits while even the fastest client is far behind: no client keeps up then, and reading on
   * would make all of them lose records. One slow client does not hold back the others, and a
   * client that reads nothing at all is closed by its send deadline, so the wait has an end.
   */
  async waitForClients(run: Pick<BatchRun, 'beat' | 'isStale'>): Promise<void> {
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
   * Closes the clients with the longest queues while all queues together are too long. A write in
   * progress keeps its bytes; clients that were closed in an earlier sweep and still hold them are
   * abandoned first, longest queue first.
   */
  #keepQueuesBelow(): void {
    let excessBytes = this.#needs.queues.excessBytes
    if (excessBytes <= 0) return
    const longestFirst = (a: Session, b: Session) => b.outlet.queuedBytes - a.outlet.queuedBytes
    const over = this.all().filter(({ isOver }) => isOver)
    for (const { outlet } of over.toSorted(longestFirst)) {
      if (excessBytes <= 0) return
      if (outlet.queuedBytes <= closingBytesMax) break
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

  /** Closes the clients furthest behind while sockets hold too many evicted bytes. */
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
   * A client that is already being closed frees its bytes at the deadline of its write. Until then
   * it may hold evicted bytes beyond the budget, but no more than the ring evicts in that time.
   */
  #closable(): Session[] {
    return this.all().filter(({ isOver }) => !isOver)
  }
}

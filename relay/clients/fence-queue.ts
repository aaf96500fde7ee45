/**
 * Sets the fence at which live delivery goes on for a client that resumes, and queues clients until
 * that is known. After a restart every client may wait: they are checked together, in slices of
 * the event loop.
 */
import type { Offsets } from '../log/record.ts'
import type { ResumeRequest } from '../replay/resume.ts'
import type { Session } from './session.ts'
import type { Clock } from '../world/clock.ts'
import { Rounds } from '../world/rounds.ts'

/** Time between two checks whether replays may begin. */
const settleStepMs = 10

/** The positions of reading from Kafka. */
export interface ReadPositions {
  /** Next offset to read from Kafka, by partition. */
  positions(): ReadonlyMap<number, bigint>
  /** The same for every assigned partition, read or not; undefined until that is known. */
  nextOffsets(): ReadonlyMap<number, bigint> | undefined
  /** The end of a partition's log in Kafka's last answer, where it is known. */
  logEnd(partition: number): bigint | undefined
  /**
   * Whether Kafka was asked for the ends of the logs at that time or later, and has answered or
   * failed. If not, it is asked now.
   */
  hasAskedEnds(sinceMs: number): boolean
}

type Fence = ReturnType<Session['outlet']['placeFence']>
interface Waiting {
  readonly session: Session
  readonly request: ResumeRequest
  readonly sinceMs: number
  readonly endMs: number
  readonly settle: (fence: Fence | undefined) => void
}

export class FenceQueue {
  readonly #clock: Clock
  readonly #needs: ReadPositions
  readonly #waitMs: number
  readonly #waiting = new Set<Waiting>()
  readonly #looks: Rounds<Waiting>
  /** The next offsets when a round began; they only grow. */
  #known: Offsets | undefined
  #isDue = false

  /** @param waitMs how long a client may wait */
  constructor(clock: Clock, needs: ReadPositions, waitMs: number) {
    this.#clock = clock
    this.#needs = needs
    this.#waitMs = waitMs
    this.#looks = new Rounds(clock, this.#waiting, (one) => this.#look(one))
  }

  /**
   * Sets the fence so that no live record is older than the client's cursors. A relay that has just
   * started reads again what its predecessor had not committed, and one of several may be behind
   * the others: a client with newer cursors waits until that has passed, and every client waits
   * until the start offsets are known.
   *
   * @returns undefined when that takes longer than `waitMs`
   */
  place(session: Session, request: ResumeRequest): Promise<Fence | undefined> {
    return new Promise((settle) => {
      const sinceMs = this.#clock.nowMs()
      const one = { session, request, sinceMs, endMs: sinceMs + this.#waitMs, settle }
      this.#known = this.#needs.nextOffsets()
      this.#waiting.add(one)
      this.#look(one)
      this.#lookSoon()
    })
  }

  #lookSoon(): void {
    if (this.#isDue || this.#waiting.size === 0) return
    this.#isDue = true
    this.#clock.after(settleStepMs, () => {
      this.#known = this.#needs.nextOffsets()
      const looked = this.#looks.begin()
      if (looked === undefined) this.#looked()
      else void looked.then(() => this.#looked())
    })
  }

  #looked(): void {
    this.#isDue = false
    this.#lookSoon()
  }

  #look(one: Waiting): void {
    const { session, endMs } = one
    const fence = this.#fence(one)
    if (fence === undefined && this.#clock.nowMs() < endMs && !session.isOver) return
    this.#waiting.delete(one)
    one.settle(fence)
  }

  #fence(one: Waiting): Fence | undefined {
    const { session, request } = one
    const known = this.#known
    if (known === undefined || this.#isAhead(one, known)) return undefined
    // Read again: the offsets must be those of the moment in which the fence is set.
    const next = this.#needs.nextOffsets()
    if (next === undefined) return undefined
    // Records that were read and never reached the log, such as malformed ones, are below it too.
    const taken = new Map([...this.#needs.positions(), ...next])
    return session.outlet.placeFence(taken, request.cursors)
  }

  /**
   * Whether the client has records that the relay has yet to read. It got them from another relay,
   * or from this one before it started again. A cursor beyond the log's end is of another log; the
   * end is asked for before that is said, because the log has grown since the last answer.
   */
  #isAhead({ request, sinceMs }: Waiting, next: Offsets): boolean {
    const { from, mode, cursors } = request
    if (mode !== 'partition' || from !== 'cursor') return false
    let isBeyond = false
    for (const [partition, offset] of next) {
      const cursor = cursors.get(partition)
      if (cursor === undefined || cursor < offset) continue
      const logEnd = this.#needs.logEnd(partition)
      // Unknown without Kafka; a fence below the cursor would send those records again.
      if (logEnd === undefined || cursor < logEnd) return true
      isBeyond = true
    }
    return isBeyond && !this.#needs.hasAskedEnds(sinceMs)
  }
}

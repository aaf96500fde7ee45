/**
 * Where live delivery is to go on for whoever resumes, and those who wait until that can be said.
 * After a restart that may be every client there is: they wait together, and are gone round in
 * slices of the event loop.
 */
import type { Offsets } from '../log/record.ts'
import type { ResumeRequest } from '../replay/resume.ts'
import type { Session } from './session.ts'
import type { Clock } from '../world/clock.ts'
import { Rounds } from '../world/rounds.ts'

/** Between two looks at whether a replay may begin. */
const settleStepMs = 10

/** Where reading from Kafka stands. */
export interface ReadingPlaces {
  /** Next offset to be taken from Kafka, by partition. */
  positions(): ReadonlyMap<number, bigint>
  /** The same for every partition that is ours, read or not; undefined until that is known. */
  nextOffsets(): ReadonlyMap<number, bigint> | undefined
  /** Where the log of a partition ends, as far as is known. */
  logEnd(partition: number): bigint | undefined
}

type Fence = ReturnType<Session['outlet']['placeFence']>
interface Waiting {
  readonly session: Session
  readonly request: ResumeRequest
  readonly endMs: number
  readonly settle: (fence: Fence | undefined) => void
}

export class FenceLine {
  readonly #clock: Clock
  readonly #needs: ReadingPlaces
  readonly #waitMs: number
  readonly #waiting = new Set<Waiting>()
  readonly #looks: Rounds<Waiting>
  /** As it was when a round began; it only grows. */
  #known: Offsets | undefined
  #isDue = false

  /** @param waitMs how long anyone may wait */
  constructor(clock: Clock, needs: ReadingPlaces, waitMs: number) {
    this.#clock = clock
    this.#needs = needs
    this.#waitMs = waitMs
    this.#looks = new Rounds(clock, this.#waiting, (one) => this.#look(one))
  }

  /**
   * Sets the fence where live records cannot come before what the client has. A relay that has just
   * started reads again what its predecessor had not committed: a client with newer cursors waits
   * until that has passed, and every client until it is known where reading begins.
   *
   * @returns undefined when that takes longer than it may
   */
  place(session: Session, request: ResumeRequest): Promise<Fence | undefined> {
    return new Promise((settle) => {
      const one = { session, request, endMs: this.#clock.nowMs() + this.#waitMs, settle }
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
    const { session, request, endMs } = one
    const fence = this.#fence(session, request)
    if (fence === undefined && this.#clock.nowMs() < endMs && !session.isOver) return
    this.#waiting.delete(one)
    one.settle(fence)
  }

  #fence(session: Session, request: ResumeRequest): Fence | undefined {
    const known = this.#known
    if (known === undefined || this.#isAhead(request, known)) return undefined
    // Asked again: it must be of the very moment in which the fence is set.
    const next = this.#needs.nextOffsets()
    if (next === undefined) return undefined
    // What was taken from Kafka and never reached the log, as dead letters, is below as well.
    const taken = new Map([...this.#needs.positions(), ...next])
    return session.outlet.placeFence(taken, request.cursors)
  }

  /** Whether the client has records of a log that is still ours to be read. */
  #isAhead({ from, mode, cursors }: ResumeRequest, next: Offsets): boolean {
    if (mode !== 'partition' || from !== 'cursor') return false
    for (const [partition, offset] of next) {
      const cursor = cursors.get(partition)
      if (cursor === undefined || cursor < offset) continue
      const logEnd = this.#needs.logEnd(partition)
      // Without Kafka nobody knows; to begin before what it has would be to send that again.
      if (logEnd === undefined || cursor < logEnd) return true
    }
    return false
  }
}

/**
 * One connection: whether it is open, which cursor waits for its record, and what the relay owes an
 * answer to. A debt that grows old is how a half-open or stuck connection is found out.
 */
import type { Position } from './cursors.ts'

/** What the relay owes an answer to. */
export type Request = 'resume' | 'cursor_reset' | 'ping'

/** A position whose record is yet to come. */
export interface Announced extends Position {
  /** Of which reset it is; records that were announced before the last one are void. */
  readonly fence: number
}

export class Connection {
  readonly #nowMs: () => number
  readonly #expectedSinceMs = new Map<Request | 'record', number>()
  #announced: Announced | undefined
  #isOpen = true

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** It begins anew, owing nothing; or it is over, and whatever still comes is void. */
  set(state: 'open' | 'closed'): void {
    this.#isOpen = state === 'open'
    this.#announced = undefined
    this.#expectedSinceMs.clear()
  }

  /** The next record's position came; false when the one before still waits for its record. */
  announce(announced: Announced): boolean {
    if (this.#announced) return false
    this.#announced = announced
    this.expect('record')
    return true
  }

  /** A record came: the position that was announced for it, if any. */
  claim(): Announced | undefined {
    const announced = this.#announced
    this.#announced = undefined
    this.#expectedSinceMs.delete('record')
    return announced
  }

  /** Something was asked for, or announced. */
  expect(what: Request | 'record'): void {
    if (!this.#expectedSinceMs.has(what)) this.#expectedSinceMs.set(what, this.#nowMs())
  }

  /** The answer came; false when nobody had asked. */
  settle(request: Request): boolean {
    return this.#expectedSinceMs.delete(request)
  }

  /** Something that is owed for longer than `limitMs`. */
  overdue(limitMs: number): string | undefined {
    const nowMs = this.#nowMs()
    return [...this.#expectedSinceMs].find(([, sinceMs]) => nowMs - sinceMs > limitMs)?.[0]
  }
}

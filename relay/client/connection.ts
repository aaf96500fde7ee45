/**
 * One connection: whether it is open, which cursor waits for its record, and which answers are
 * expected. An overdue answer is how a half-open or stuck connection is detected.
 */
import type { Position } from './cursors.ts'

/** A request that the relay must answer. */
export type Request = 'resume' | 'cursor_reset' | 'ping'

/** A position whose record is yet to come. */
export interface Announced extends Position {
  /** Number of resets before it; records announced before the last reset are void. */
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

  /** A new connection with nothing expected; or it is closed, and later frames are void. */
  set(state: 'open' | 'closed'): void {
    this.#isOpen = state === 'open'
    this.#announced = undefined
    this.#expectedSinceMs.clear()
  }

  /** The next record's position; false when the one before still waits for its record. */
  announce(announced: Announced): boolean {
    if (this.#announced) return false
    this.#announced = announced
    this.expect('record')
    return true
  }

  /** A record arrived: the position that was announced for it, if any. */
  claim(): Announced | undefined {
    const announced = this.#announced
    this.#announced = undefined
    this.#expectedSinceMs.delete('record')
    return announced
  }

  /** Something was requested or announced. */
  expect(what: Request | 'record'): void {
    if (!this.#expectedSinceMs.has(what)) this.#expectedSinceMs.set(what, this.#nowMs())
  }

  /** The answer arrived; false when it was not expected. */
  settle(request: Request): boolean {
    return this.#expectedSinceMs.delete(request)
  }

  /** An answer that has been expected for longer than `limitMs`. */
  overdue(limitMs: number): string | undefined {
    const nowMs = this.#nowMs()
    return [...this.#expectedSinceMs].find(([, sinceMs]) => nowMs - sinceMs > limitMs)?.[0]
  }
}

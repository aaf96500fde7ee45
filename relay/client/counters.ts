/** The outcomes of all records, in numbers. */
import type { Outcome } from './records.ts'
import type { ClientRefusal } from './refusals.ts'

/** Totals since the client was made. */
export interface ClientCounters extends Readonly<Record<Outcome, number>> {
  readonly received: number
  /** Records that were not simply applied, by reason. */
  readonly byReason: Readonly<Partial<Record<ClientRefusal, number>>>
  readonly runs: number
  /** Runs that were dropped to stay within the caps. */
  readonly runsForgotten: number
  /** About the bytes that all runs hold. */
  readonly heldBytes: number
}

type Totals = Pick<ClientCounters, 'received' | 'byReason' | Outcome>

export class Counters {
  readonly #outcomes = { applied: 0, duplicate: 0, quarantined: 0, refused: 0, ignored: 0 }
  readonly #reasons = new Map<ClientRefusal, number>()
  #received = 0

  /** Counts one record, which has exactly one outcome. */
  count(outcome: Outcome, reason: ClientRefusal | undefined): void {
    this.#received += 1
    this.#outcomes[outcome] += 1
    if (reason) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }

  read(): Totals {
    const byReason = Object.fromEntries(this.#reasons) as Totals['byReason']
    return { received: this.#received, ...this.#outcomes, byReason }
  }
}

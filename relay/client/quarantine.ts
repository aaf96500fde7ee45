/**
 * Records that belong to no run, or cannot be read: kept as a summary, never as bytes, so that the
 * stream goes on and an operator can still find them in Kafka.
 */
import { CappedMap } from './capped-map.ts'
import type { Position } from './cursors.ts'
import type { ClientLimits } from './limits.ts'
import type { ClientRefusal, Refused } from './refusals.ts'

/** One quarantined record. */
export interface Quarantined extends Position {
  readonly reason: ClientRefusal
  /** At most 300 characters. */
  readonly says: string
  readonly bytes: number
  readonly atUnixMs: number
}

const saysUnitsMax = 300

/** The bounded list, and how often each undecodable record was tried. */
export class Quarantine {
  readonly #kept: CappedMap<string, Quarantined>
  readonly #attempts: CappedMap<string, number>
  readonly #attemptsMax: number

  constructor(limits: ClientLimits) {
    this.#kept = new CappedMap(limits.quarantineMax)
    this.#attempts = new CappedMap(limits.poisonOffsetsMax)
    this.#attemptsMax = limits.poisonAttemptsMax
  }

  /** Counts an attempt at a record that cannot be decoded; true while another one is allowed. */
  isWorthRetrying({ partition, offset }: Position): boolean {
    const key = `${partition}:${offset}`
    const attempts = (this.#attempts.get(key) ?? 0) + 1
    if (attempts < this.#attemptsMax) this.#attempts.set(key, attempts)
    else this.#attempts.delete(key)
    return attempts < this.#attemptsMax
  }

  /** Keeps the summary of a record; the same offset is kept once. */
  keep(
    place: Omit<Quarantined, 'reason' | 'says'>,
    { reason, says }: Pick<Refused, 'reason' | 'says'>,
  ): void {
    const key = `${place.partition}:${place.offset}`
    this.#kept.set(key, { ...place, reason, says: says.slice(0, saysUnitsMax) })
  }

  /** All summaries, oldest first. */
  list(): readonly Quarantined[] {
    return [...this.#kept.values()]
  }

  clear(): void {
    this.#kept.clear()
    this.#attempts.clear()
  }
}

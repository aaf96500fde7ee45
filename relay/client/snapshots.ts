/**
 * Past states of one run. States are never changed in place and share what they have in common, so
 * keeping one costs the record that made it and the containers that it copied.
 */
import type { JsonValue } from '../../proto/canonical-json.ts'

interface Snapshot {
  readonly state: JsonValue
  /** The sequence that made it, and the last one for which it still held. */
  readonly first: bigint
  last: bigint
  readonly bytes: number
}

/** Limits of a run's past states. */
export interface SnapshotLimits {
  readonly snapshotsMax: number
  readonly snapshotBytesMax: number
}

/** A bounded list of states, oldest first. */
export class Snapshots {
  readonly #limits: SnapshotLimits
  readonly #kept: Snapshot[] = []
  #bytes = 0

  constructor(limits: SnapshotLimits) {
    this.#limits = limits
  }

  /** Bytes of the past states: of the records and of what they copied. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#kept.length
  }

  /** A record made this state. */
  add(state: JsonValue, sequence: bigint, bytes: number): void {
    this.#kept.push({ state, first: sequence, last: sequence, bytes })
    this.#bytes += bytes
    const { snapshotsMax, snapshotBytesMax } = this.#limits
    while (this.#kept.length > snapshotsMax || this.#bytes > snapshotBytesMax) {
      if (this.#kept.length <= 1) return
      this.#bytes -= this.#kept.shift()?.bytes ?? 0
    }
  }

  /** The newest state still holds at `sequence`. */
  hold(sequence: bigint): void {
    const newest = this.#kept.at(-1)
    if (newest) newest.last = sequence
  }

  /** The state that held at `sequence`; `undefined` when that is not kept or was never known. */
  at(sequence: bigint): JsonValue | undefined {
    return this.#kept.findLast(({ first, last }) => first <= sequence && sequence <= last)?.state
  }
}

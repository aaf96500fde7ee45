/** All runs that are known, within the caps on their number and on their memory. */
import { CappedMap } from './capped-map.ts'
import type { ClientLimits } from './limits.ts'
import { Run } from './run.ts'

/** The registry. The least recently active run is dropped first; if it returns, it is partial. */
export class Runs {
  readonly #limits: ClientLimits
  readonly #runs: CappedMap<string, Run>
  /** Bytes of each run at its last measurement. */
  readonly #held = new WeakMap<Run, number>()
  #heldBytes = 0
  #serial = 0
  #forgotten = 0

  constructor(limits: ClientLimits) {
    this.#limits = limits
    this.#runs = new CappedMap<string, Run>(limits.runsMax, (_, run) => {
      this.#heldBytes -= this.#held.get(run) ?? 0
      this.#forgotten += 1
    })
  }

  /** How many runs were dropped to stay within the caps. */
  get forgotten(): number {
    return this.#forgotten
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get size(): number {
    return this.#runs.size
  }

  find(thread: string): Run | undefined {
    return this.#runs.get(thread)
  }

  /** The run of a thread, created when it is new; it counts as active from now on. */
  open(thread: string, partition: number): Run {
    const known = this.#runs.touch(thread)
    if (known) {
      known.partition = partition
      return known
    }
    this.#serial += 1
    const run = new Run(thread, this.#serial, partition, this.#limits)
    this.#runs.set(thread, run)
    return run
  }

  /** Measures a run after a message, and drops others if all together hold too much. */
  weigh(run: Run): void {
    const bytes = run.heldBytes
    this.#heldBytes += bytes - (this.#held.get(run) ?? 0)
    this.#held.set(run, bytes)
    while (this.#heldBytes > this.#limits.heldBytesMax && this.#runs.size > 1) {
      this.#runs.dropOldest()
    }
  }

  all(): readonly Run[] {
    return [...this.#runs.values()]
  }

  clear(): void {
    this.#runs.clear()
    this.#heldBytes = 0
  }
}

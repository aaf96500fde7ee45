/**
 * Rounds over thousands of items, in slices of the event loop. One event may concern all of them,
 * and visiting 20,000 clients for a single record would block everything else. A round over a few
 * items ends in the call that begins it.
 */
import type { Clock } from './clock.ts'
import { sliceMs, Turns } from './turns.ts'

/** Items between two reads of the clock. */
const perLook = 8

export class Rounds<One> {
  readonly #clock: Clock
  readonly #all: ReadonlySet<One>
  readonly #each: (one: One) => void
  readonly #turns = new Turns()
  #underWay: Promise<void> | undefined
  #following: Promise<void> | undefined

  /** @param all may change at any time: added items come last, removed ones are left out */
  constructor(clock: Clock, all: ReadonlySet<One>, each: (one: One) => void) {
    this.#clock = clock
    this.#all = all
    this.#each = each
  }

  /**
   * A round over all, in their order. During a round, one more is scheduled after it, which all
   * callers in the meantime share.
   *
   * @returns settles when all were visited; undefined when that is so already
   */
  begin(): Promise<void> | undefined {
    if (this.#underWay === undefined) return this.#start()
    this.#following ??= this.#follow(this.#underWay)
    return this.#following
  }

  async #follow(before: Promise<void>): Promise<void> {
    await before
    await this.#turns.next()
    this.#following = undefined
    await this.begin()
  }

  #start(): Promise<void> | undefined {
    const rest = this.#all.values()
    if (this.#isDone(rest)) return undefined
    this.#underWay = this.#finish(rest)
    return this.#underWay
  }

  async #finish(rest: Iterable<One>): Promise<void> {
    try {
      do await this.#turns.next()
      while (!this.#isDone(rest))
    } finally {
      this.#underWay = undefined
    }
  }

  /** Runs one slice. @returns whether the round is done */
  #isDone(rest: Iterable<One>): boolean {
    const endMs = this.#clock.nowMs() + sliceMs
    let left = perLook
    // The iterator of a set continues where it stopped.
    for (const one of rest) {
      this.#each(one)
      left -= 1
      if (left > 0) continue
      if (this.#clock.nowMs() >= endMs) return false
      left = perLook
    }
    return true
  }
}

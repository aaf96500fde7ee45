/**
 * Rounds over very many, in slices of the loop. One event may concern each of them, and to go round
 * twenty thousand clients for a single record would stand in the way of everything else for long.
 * A round over few is over when it has begun.
 */
import type { Clock } from './clock.ts'
import { sliceMs, Turns } from './turns.ts'

/** How many come between two looks at the time. */
const perLook = 8

export class Rounds<One> {
  readonly #clock: Clock
  readonly #all: ReadonlySet<One>
  readonly #each: (one: One) => void
  readonly #turns = new Turns()
  #underWay: Promise<void> | undefined
  #following: Promise<void> | undefined

  /** @param all may change at any time: who comes later comes last, who has gone is left out */
  constructor(clock: Clock, all: ReadonlySet<One>, each: (one: One) => void) {
    this.#clock = clock
    this.#all = all
    this.#each = each
  }

  /**
   * A round over all, in their order. While one is under way another one is to follow, and that is
   * the same for whoever asks for one meanwhile.
   *
   * @returns settles when all were come by; undefined when that is so already
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

  /** Goes on for a slice. */
  #isDone(rest: Iterable<One>): boolean {
    const endMs = this.#clock.nowMs() + sliceMs
    let left = perLook
    // An iterator of a set goes on where it was left.
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

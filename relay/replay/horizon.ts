/**
 * Up to which offset a partition's stream may be trimmed: by the number of offsets it spans, and by
 * age. Ages are known from marks of when which offset was the newest, so trimming by age is late
 * by up to 1/32 of the time to live, and never early.
 */
import type { Clock } from '../world/clock.ts'
import { Deque } from './deque.ts'

const marksPerTtl = 32

interface Mark {
  readonly offset: bigint
  readonly atMs: number
}

export class Horizon {
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #offsetsMax: bigint
  readonly #marks = new Deque<Mark>()
  #expired = -1n

  constructor(clock: Clock, ttlMs: number, offsetsMax: number) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#offsetsMax = BigInt(offsetsMax)
  }

  /** The newest offset is this now; the first that need not be kept any longer lies below it. */
  floor(newest: bigint): bigint {
    const nowMs = this.#clock.nowMs()
    const last = this.#marks.at(-1)
    if (last === undefined || nowMs - last.atMs >= this.#ttlMs / marksPerTtl) {
      this.#marks.push({ offset: newest, atMs: nowMs })
    }
    for (let mark = this.#marks.at(0); mark !== undefined; mark = this.#marks.at(0)) {
      if (nowMs - mark.atMs < this.#ttlMs) break
      this.#expired = mark.offset
      this.#marks.shift()
    }
    const byCount = newest - this.#offsetsMax + 1n
    const byAge = this.#expired + 1n
    return byCount > byAge ? byCount : byAge
  }
}

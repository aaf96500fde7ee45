/**
 * Makes a schedule that failed smaller: fewer of its parts that fail alike. A race does not show
 * every time, so a candidate is taken when it fails in three of five runs. Runs take half a minute
 * each, so single parts are looked at once, and only those that fail are run again.
 */

/** Numbers of parts. */
export type Parts = readonly number[]

export interface ShrinkPlan {
  /** All parts of the schedule that failed. */
  readonly parts: Parts
  /** Runs these parts once: whether they fail as all of them did. */
  readonly fails: (parts: Parts) => Promise<boolean>
  /** Whether there is no time for another run. */
  readonly isOver: () => boolean
}

export interface Shrunk {
  /** The fewest parts that were found to fail; undefined where nothing smaller does. */
  readonly parts: Parts | undefined
  readonly runs: number
  /** Whether time was over before all was tried. */
  readonly isCutShort: boolean
}

/** A candidate is run so often at most, and must fail so often. */
const runsMax = 5
const failsMin = 3

/** Searches: single parts first, then halves, then one part away after the other. */
export async function shrink(plan: ShrinkPlan): Promise<Shrunk> {
  const search = new Search(plan)
  const parts = await search.fewest()
  return { parts, runs: search.runs, isCutShort: search.isCutShort }
}

class Search {
  readonly #plan: ShrinkPlan
  /** Candidates that do not fail often enough: none is tried twice. */
  readonly #refused = new Set<string>()
  runs = 0
  isCutShort = false

  constructor(plan: ShrinkPlan) {
    this.#plan = plan
  }

  async fewest(): Promise<Parts | undefined> {
    const { parts } = this.#plan
    if (parts.length < 2) return undefined
    const single = await this.#single(parts)
    if (single !== undefined) return single
    const half = await this.#halves(parts)
    const least = await this.#oneByOne(half)
    return least.length < parts.length ? least : undefined
  }

  async #single(parts: Parts): Promise<Parts | undefined> {
    for (const part of parts) {
      if ((await this.#run([part])) && (await this.#isReliable([part], 1))) return [part]
    }
    return undefined
  }

  async #halves(parts: Parts): Promise<Parts> {
    const middle = Math.ceil(parts.length / 2)
    for (const half of [parts.slice(0, middle), parts.slice(middle)]) {
      if (half.length > 1 && (await this.#isReliable(half))) return this.#halves(half)
    }
    return parts
  }

  async #oneByOne(parts: Parts): Promise<Parts> {
    if (parts.length < 3) return parts
    for (const part of parts) {
      const others = parts.filter((one) => one !== part)
      if (await this.#isReliable(others)) return this.#oneByOne(others)
    }
    return parts
  }

  /** @param failed in so many runs before */
  async #isReliable(parts: Parts, failed = 0): Promise<boolean> {
    const key = parts.join()
    if (this.#refused.has(key)) return false
    let [fails, runs] = [failed, failed]
    while (fails < failsMin && runs - fails <= runsMax - failsMin && !this.#isOver()) {
      fails += Number(await this.#run(parts))
      runs += 1
    }
    if (fails < failsMin) this.#refused.add(key)
    return fails >= failsMin
  }

  async #run(parts: Parts): Promise<boolean> {
    if (this.#isOver()) return false
    this.runs += 1
    return this.#plan.fails(parts)
  }

  #isOver(): boolean {
    this.isCutShort ||= this.#plan.isOver()
    return this.isCutShort
  }
}

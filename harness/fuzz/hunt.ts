/**
 * The hunt: kept inputs first, then random ones until the time is over. What fails must fail again
 * to count, is made as small as it still fails, and is kept.
 */
import * as fc from 'fast-check'
import type { Clock } from '../../relay/world/clock.ts'
import { Place, type Site } from './place.ts'
import { inputs, type Step, type StepKind } from './steps.ts'
import { tryOut, type Tried } from './trial.ts'
import { keepVector, readVectors } from './vectors.ts'

export interface HuntPlan {
  /** Thirty-two bits, from which all inputs follow. */
  readonly seed: number
  readonly limitMs: number
  readonly vectorFolder: string
  /** What random inputs consist of. */
  readonly kinds: readonly StepKind[]
  readonly signal: AbortSignal
  say(line: string): void
}

/** One input that the relay does not stand. */
export interface Finding {
  readonly wrong: string
  readonly steps: readonly Step[]
  readonly file: string
}
export interface Hunted {
  readonly findings: readonly Finding[]
  /** What was wrong once, and not with the same input again: by chance, or it adds up over many. */
  readonly once: readonly string[]
  /** Inputs that were fed, those of shrinking and of second looks included. */
  readonly inputs: number
  readonly vectors: number
  readonly refused: number
  readonly slowestTurnMs: number
  readonly slowestMs: number
  readonly rssBytesMax: number
  readonly asked: number
  readonly voided: number
}

/** Making one input smaller may take so long. */
const shrinkLimitMs = 60_000
/** An input that failed is looked at so often again. */
const secondLooks = 1
const runsMax = 10_000_000

export async function hunt(site: Site, plan: HuntPlan): Promise<Hunted> {
  const one = new Hunt(site, plan)
  try {
    await one.again()
    await one.random()
    return one.result()
  } finally {
    await one.close()
  }
}

class Hunt {
  readonly #site: Site
  readonly #plan: HuntPlan
  readonly #clock: Clock
  readonly #endMs: number
  readonly #findings: Finding[] = []
  readonly #once: string[] = []
  #place: Place | undefined
  #places = 0
  #vectors = 0
  #inputs = 0
  #refused = 0
  #shrinkEndMs = Infinity
  #seen = { slowestTurnMs: 0, slowestMs: 0, rssBytesMax: 0, asked: 0, voided: 0 }

  constructor(site: Site, plan: HuntPlan) {
    this.#site = site
    this.#plan = plan
    this.#clock = site.world.clock
    this.#endMs = this.#clock.nowMs() + plan.limitMs
  }

  /** Tries what once failed; each that still does is a finding. */
  async again(): Promise<void> {
    for (const { file, steps } of readVectors(this.#plan.vectorFolder)) {
      if (this.#isOver()) return
      this.#vectors += 1
      const wrong = await this.#fails(steps)
      if (wrong !== undefined) this.#found({ wrong, steps, file })
    }
  }

  /** A kind that was found wanting is left out from then on, so that others are found as well. */
  async random(): Promise<void> {
    let { kinds } = this.#plan
    for (let round = 0; kinds.length > 0 && !this.#isOver(); round += 1) {
      const finding = await this.#round(kinds, this.#plan.seed + round)
      if (finding === undefined) return
      const guilty = new Set(finding.steps.map(({ does }) => does))
      kinds = kinds.filter((kind) => !guilty.has(kind))
    }
  }

  result(): Hunted {
    return {
      findings: this.#findings,
      once: this.#once,
      inputs: this.#inputs,
      vectors: this.#vectors,
      refused: this.#refused,
      ...this.#seen,
    }
  }

  async close(): Promise<void> {
    await this.#place?.close()
    this.#place = undefined
  }

  async #round(kinds: readonly StepKind[], seed: number): Promise<Finding | undefined> {
    this.#shrinkEndMs = Infinity
    let smallest: { wrong: string; steps: readonly Step[] } | undefined
    let isEnding = false
    let broken: unknown
    const property = fc.asyncProperty(inputs(kinds), async (steps) => {
      if (isEnding) return
      isEnding = smallest === undefined ? this.#isOver() : this.#isSmallEnough()
      // The one way to end early: all inputs that would be made from this one pass.
      if (isEnding) throw new Error('over')
      const wrong = await this.#fails(steps).catch((error: unknown) => {
        // Not the relay's: to make the input smaller would be to search for something else.
        broken ??= error
        isEnding = true
        throw error
      })
      if (wrong === undefined) return
      if (smallest === undefined) this.#beginShrinking(wrong)
      smallest = { wrong, steps }
      throw new Error(wrong)
    })
    await fc.check(property, { seed, numRuns: runsMax })
    if (broken !== undefined) throw broken
    if (smallest === undefined) return undefined
    const { wrong, steps } = smallest
    const file = keepVector(this.#plan.vectorFolder, { found: wrong, steps })
    return this.#found({ wrong, steps, file })
  }

  #beginShrinking(wrong: string): void {
    this.#shrinkEndMs = this.#clock.nowMs() + shrinkLimitMs
    this.#plan.say(`${wrong}; making the input smaller`)
  }

  /** What is wrong, if it is so each time. */
  async #fails(steps: readonly Step[]): Promise<string | undefined> {
    const { wrong } = await this.#try(steps)
    let again = wrong
    for (let look = 0; look < secondLooks && again !== undefined; look += 1) {
      ;({ wrong: again } = await this.#try(steps))
    }
    if (wrong !== undefined && again === undefined) this.#sawOnce(wrong)
    return again
  }

  async #try(steps: readonly Step[]): Promise<Tried> {
    this.#place ??= await Place.open(this.#site, (this.#places += 1))
    const tried = await tryOut(steps, this.#place)
    this.#inputs += 1
    this.#refused += tried.refused
    if (tried.taken !== undefined && tried.wrong === undefined) this.#note(tried.taken)
    if (tried.isSpent) await this.close()
    return tried
  }

  #note(taken: NonNullable<Tried['taken']>): void {
    const seen = this.#seen
    this.#seen = {
      slowestTurnMs: Math.max(seen.slowestTurnMs, taken.slowestTurnMs),
      slowestMs: Math.max(seen.slowestMs, taken.slowestMs),
      rssBytesMax: Math.max(seen.rssBytesMax, taken.rssBytesMax),
      asked: seen.asked + taken.asked,
      voided: seen.voided + taken.voided,
    }
  }

  #sawOnce(wrong: string): void {
    this.#once.push(wrong)
    this.#plan.say(`once, and not again: ${wrong}`)
  }

  #found(finding: Finding): Finding {
    this.#findings.push(finding)
    const { wrong, file, steps } = finding
    this.#plan.say(`FOUND: ${wrong}\n  ${JSON.stringify(steps)}\n  kept as ${file}`)
    return finding
  }

  #isOver(): boolean {
    return this.#plan.signal.aborted || this.#clock.nowMs() > this.#endMs
  }

  #isSmallEnough(): boolean {
    return this.#plan.signal.aborted || this.#clock.nowMs() > this.#shrinkEndMs
  }
}

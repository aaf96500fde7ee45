/**
 * What of a part of the night is run next. A part has a share of the time, until which it may
 * begin what will end by then; its first one may use more than the share, so that a part with a
 * small share is not left out every night.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { median } from '../world/median.ts'

/** Something that is run as a whole. */
export interface Unit {
  /** Unique in its part. */
  readonly name: string
  /** The command that repeats it. */
  readonly reproduce: string
  readonly seed?: string
  /** How long it will take, as far as is known. */
  readonly estimatedMs: number
}

export interface QueueOrder {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** In the order in which they are wanted. */
  readonly units: readonly Unit[]
  /** What comes behind them, without an end: by its number, from 1 on. */
  readonly more?: (number: number) => Unit
  /** As `clock.nowMs()`. */
  readonly shareEndMs: number
  readonly nightEndMs: number
}

/** By how much a unit took longer than was thought. */
const lateOf = ([{ estimatedMs }, tookMs]: readonly [Unit, number]) =>
  Math.max(0, tookMs - estimatedMs)

/** The units of a part; each is taken once. */
export class Queue {
  readonly #order: QueueOrder
  readonly #left: Unit[]
  readonly #taken: Unit[] = []
  /** How long those that are over took, ms. */
  readonly #tookMs = new Map<Unit, number>()
  #last: { readonly unit: Unit; readonly beganMs: number } | undefined
  #furthers = 0

  constructor(order: QueueOrder) {
    this.#order = order
    this.#left = [...order.units]
  }

  /** The next unit that there is time for; whoever takes it has ended the one before. */
  next(): Unit | undefined {
    const { clock, signal, nightEndMs, shareEndMs } = this.#order
    this.ended()
    if (signal.aborted) return undefined
    const untilMs = this.#taken.length === 0 ? nightEndMs : shareEndMs
    const nowMs = clock.nowMs()
    const lateMs = median([...this.#tookMs].map(lateOf)) ?? 0
    const fits = ({ estimatedMs }: Unit) => nowMs + estimatedMs + lateMs <= untilMs
    const place = this.#left.findIndex(fits)
    const unit = place < 0 ? this.#another(fits) : this.#left.splice(place, 1)[0]
    if (unit === undefined) return undefined
    this.#taken.push(unit)
    this.#last = { unit, beganMs: nowMs }
    return unit
  }

  /** Says that the unit taken last is over; how long it took is learned from. */
  ended(): void {
    if (this.#last === undefined) return
    const { unit, beganMs } = this.#last
    this.#tookMs.set(unit, this.#order.clock.nowMs() - beganMs)
    this.#last = undefined
  }

  /** How long a unit took that is over. */
  tookMs(unit: Unit): number | undefined {
    return this.#tookMs.get(unit)
  }

  get taken(): readonly Unit[] {
    return this.#taken
  }

  /** Those that were not taken; of those without an end the first, if not even that was. */
  get left(): readonly Unit[] {
    const { more } = this.#order
    return more === undefined || this.#furthers > 0 ? this.#left : [...this.#left, more(1)]
  }

  /** Time that is left of the share. */
  shareLeftMs(): number {
    return Math.max(0, this.#order.shareEndMs - this.#order.clock.nowMs())
  }

  /** Time that is left of the night. */
  nightLeftMs(): number {
    return Math.max(0, this.#order.nightEndMs - this.#order.clock.nowMs())
  }

  /** Of those without an end only what stands first. */
  #another(fits: (unit: Unit) => boolean): Unit | undefined {
    const unit = this.#order.more?.(this.#furthers + 1)
    if (unit === undefined || !fits(unit)) return undefined
    this.#furthers += 1
    return unit
  }
}

/**
 * How often clients may ask. A client that sends too much is read from later, which harms nobody
 * but itself; one that resumes too often is refused, because each resume costs a replay.
 */
import type { ClientRates, Rates } from './seam.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { Bucket } from './bucket.ts'

/** Seconds of its rate that a client may send at once. */
const burstSeconds = 10
/**
 * Bytes of a frame that count as one frame more, because what reading one costs grows with them. So
 * the largest frame takes nearly all that may come at once, and the next one has to wait for it.
 */
const frameBytes = 256

type RateSettings = Pick<
  Settings,
  'clientFramesPerSecondMax' | 'clientResumesPerMinuteMax' | 'resetsPerMinuteMax'
>

export function createRates(clock: Clock, settings: RateSettings): Rates {
  const resets = perMinute(clock, settings.resetsPerMinuteMax)
  return {
    openClient: () => new OneClient(clock, settings),
    mayReset: () => resets?.take() ?? true,
  }
}

/** Most clients never send a second frame, so buckets are made when they are needed. */
class OneClient implements ClientRates {
  readonly #clock: Clock
  readonly #settings: RateSettings
  #frames: Bucket | undefined
  #resumes: Bucket | undefined

  constructor(clock: Clock, settings: RateSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  frame(bytes: number): number {
    const { clientFramesPerSecondMax: rate } = this.#settings
    if (rate === 0) return 0
    this.#frames ??= new Bucket(this.#clock, rate, rate * burstSeconds)
    return this.#frames.spend(1 + Math.floor(bytes / frameBytes))
  }

  mayResume(): boolean {
    this.#resumes ??= perMinute(this.#clock, this.#settings.clientResumesPerMinuteMax)
    return this.#resumes?.take() ?? true
  }
}

/** A minute's worth may come at once; 0 is no limit. */
const perMinute = (clock: Clock, count: number): Bucket | undefined =>
  count === 0 ? undefined : new Bucket(clock, count / 60, count)

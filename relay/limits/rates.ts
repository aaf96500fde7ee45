/**
 * Rate limits of clients. From a client that sends too much the relay reads later, which slows only
 * that client; too many resumes are refused, because each one costs a replay.
 */
import type { ClientRates, Rates } from './seam.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { Bucket } from './bucket.ts'

/** Burst of a client, in seconds of its rate. */
const burstSeconds = 10
/**
 * Each 256 bytes of a frame count as one more frame, because the cost of reading it grows
 * with them. The largest frame takes nearly the whole burst, so that the next one has to wait.
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

/** The tokens of a minute may be taken at once; 0 is no limit. */
const perMinute = (clock: Clock, count: number): Bucket | undefined =>
  count === 0 ? undefined : new Bucket(clock, count / 60, count)

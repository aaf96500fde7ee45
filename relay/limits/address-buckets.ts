/**
 * One token bucket for each address. There are more addresses than memory, so only the most
 * recently used ones have a bucket: a client with more than 10,000 addresses would evade a limit
 * per address anyway.
 */
import type { Clock } from '../world/clock.ts'
import { Bucket } from './bucket.ts'

const addressesMax = 10_000

export class AddressBuckets {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #most: number
  /** In the order of use. */
  readonly #byAddress = new Map<string, Bucket>()

  /**
   * @param perSecond tokens added in a second
   * @param most tokens that one address may take at once
   */
  constructor(clock: Clock, perSecond: number, most: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#most = most
  }

  /** The tokens of a minute may be taken at once; 0 is no limit. */
  static perMinute(clock: Clock, count: number): AddressBuckets | undefined {
    return count === 0 ? undefined : new AddressBuckets(clock, count / 60, count)
  }

  /** Addresses that have a bucket. */
  get size(): number {
    return this.#byAddress.size
  }

  /** Milliseconds until this address may take a token; 0 for at once. */
  waitMs(address: string): number {
    return this.#byAddress.get(address)?.waitMs() ?? 0
  }

  /** Takes a token if there is one. */
  take(address: string): boolean {
    const bucket = this.#byAddress.get(address) ?? this.#newBucket()
    this.#byAddress.delete(address)
    this.#byAddress.set(address, bucket)
    return bucket.take()
  }

  #newBucket(): Bucket {
    const [oldest] = this.#byAddress.keys()
    if (this.#byAddress.size >= addressesMax) this.#byAddress.delete(oldest!)
    return new Bucket(this.#clock, this.#perSecond, this.#most)
  }
}

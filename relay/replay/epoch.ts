/**
 * The epoch of the replay buffer: an id that changes whenever the cursors of clients must no longer
 * be trusted. It is stored in Redis with the data and is lost with it, so that a Redis without the
 * data cannot be mistaken for one that has it. It begins with the id of the topic, where that is
 * known, so that the data of a topic cannot be mistaken for that of a recreated one.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../world/clock.ts'

/** What the epoch in Redis means for this relay. */
export type EpochNews =
  /** No change. */
  | 'same'
  /** Redis had an epoch before this relay started: the relay adopts it. */
  | 'adopted'
  /** Another relay has begun a new one since: this relay adopts it. */
  | 'foreign'
  /** Redis had lost it, or data of it, and holds the following one. */
  | 'lost'

/** What is sent to Redis with every read and every write. */
export interface EpochOffer {
  readonly expected: string
  /** Stored if Redis has none. */
  readonly ifAbsent: string
  /** Stored if Redis has lost data. */
  readonly following: string
}

export class Epoch {
  readonly #clock: Clock
  readonly #make: () => string
  readonly #ttlMs: number
  #value: string
  /** The same until it is used: all batches in flight offer it. */
  #following: string
  #hasMet = false
  /** The id of the previous topic, before it was recreated. */
  #leftTopic: string | undefined
  /** When Redis was last known to hold it; undefined for never. */
  #heldMs: number | undefined

  /** @param ttlMs how long Redis certainly keeps the epoch without being contacted */
  constructor(clock: Clock, ttlMs: number, make: () => string) {
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#make = make
    this.#value = make()
    this.#following = make()
  }

  get value(): string {
    return this.#value
  }

  get offer(): EpochOffer {
    const isDue = this.#heldMs !== undefined && this.#clock.nowMs() - this.#heldMs < this.#ttlMs
    const expected = this.#value
    const following = this.#following
    return { expected, following, ifAbsent: isDue ? following : expected }
  }

  /** Redis got the offer and now holds `found`. */
  received(found: string): EpochNews {
    if (found === this.#value) {
      this.held()
      return 'same'
    }
    const isLost = found === this.#following
    const news = isLost ? 'lost' : this.#hasMet ? 'foreign' : 'adopted'
    this.#value = found
    if (isLost) this.#following = this.#make()
    this.held()
    return news
  }

  /**
   * Whether Redis holds data of another topic: of any other, before the first contact; later only
   * of the previous topic, which a replica that lagged brings back after a failover.
   */
  isOfAnotherTopic(found: string): boolean {
    const [ours, theirs] = [topicOf(this.#value), topicOf(found)]
    if (ours === undefined || theirs === undefined || ours === theirs) return false
    return !this.#hasMet || theirs === this.#leftTopic
  }

  /** Whether Redis ever held an epoch of this relay's. */
  get hasMet(): boolean {
    return this.#hasMet
  }

  /** Redis holds it now, for the full time again. */
  held(): void {
    this.#heldMs = this.#clock.nowMs()
    this.#hasMet = true
  }

  /** Begins a new epoch, which Redis does not hold yet. */
  renew(): void {
    const topic = topicOf(this.#value)
    this.#value = this.#make()
    this.#following = this.#make()
    this.#heldMs = undefined
    if (topicOf(this.#value) !== topic) this.#leftTopic = topic
  }
}

/** A new unique epoch. */
export const newEpoch = (topicId: string | undefined): string =>
  topicId === undefined ? randomUUID() : `${topicId}.${randomUUID()}`

/** The id of its topic; undefined when it has none. */
export const topicOf = (epoch: string) => /^(.+)\./.exec(epoch)?.[1]

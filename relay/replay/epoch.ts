/**
 * The epoch of the replay buffer: a word that changes whenever what clients remember of the buffer
 * is no longer to be trusted. It stands in Redis beside the data and dies with it, so that a Redis
 * that has lost the data cannot pass for one that has it. It begins with the id of the topic, where
 * that is known, so that the data of a topic cannot pass for that of another one of its name.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../world/clock.ts'

/** What follows from what Redis says the epoch is. */
export type EpochNews =
  /** Nothing. */
  | 'same'
  /** Redis was there before this relay: its epoch is this relay's from now on. */
  | 'adopted'
  /** Somebody else has begun a new one since: it is this relay's from now on. */
  | 'foreign'
  /** Redis had lost it, or data of it, and holds the one that was to follow. */
  | 'lost'

/** What is sent to Redis with every question and every write. */
export interface EpochOffer {
  readonly expected: string
  /** What Redis takes when it has none. */
  readonly ifAbsent: string
  /** What Redis takes when it has lost something. */
  readonly following: string
}

export class Epoch {
  readonly #clock: Clock
  readonly #make: () => string
  readonly #ttlMs: number
  #value: string
  /** The same until it is used: batches under way all offer it. */
  #following: string
  #hasMet = false
  /** The topic that was created anew as the one whose epoch this is now. */
  #leftTopic: string | undefined
  /** When Redis was last known to hold it; undefined for never. */
  #heldMs: number | undefined

  /** @param ttlMs how long Redis surely keeps the epoch without being asked */
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

  /** Redis was made the offer and now holds `found`. */
  heard(found: string): EpochNews {
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
   * Whether Redis holds what is surely of another topic: any, if we have never met; later the one
   * that we have left, which a replica that was behind brings back after a failover.
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

  /** Begins a new one, which Redis does not hold yet. */
  renew(): void {
    const topic = topicOf(this.#value)
    this.#value = this.#make()
    this.#following = this.#make()
    this.#heldMs = undefined
    if (topicOf(this.#value) !== topic) this.#leftTopic = topic
  }
}

/** A word that nobody has used yet. */
export const newEpoch = (topicId: string | undefined): string =>
  topicId === undefined ? randomUUID() : `${topicId}.${randomUUID()}`

/** Undefined when it does not say. */
export const topicOf = (epoch: string) => /^(.+)\./.exec(epoch)?.[1]

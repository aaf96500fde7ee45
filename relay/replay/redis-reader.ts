/**
 * The reading half of the Redis tier, on a connection of its own: a large page never stands in the
 * way of writes, and a read that hangs costs no write. Few pages are read at once, because each is
 * held in memory whole.
 */
import {
  type RedisCommand,
  RedisLink,
  RedisLinkError,
  type RedisReply,
  type RoundTrip,
} from '../adapters/redis.ts'
import type { Metrics } from '../metrics.ts'
import type { Retained } from '../parts.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { orAborted } from '../world/deadline.ts'
import type { Block, Keys } from './blocks.ts'
import type { Epoch } from './epoch.ts'
import { partitionsOf } from './redis-writer.ts'
import {
  boundsCommand,
  pageCommand,
  readBounds,
  readerScripts,
  readPage,
} from './scripts.ts'

export interface ReaderNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly keys: Keys
  readonly epoch: Epoch
  /** Redis no longer holds the epoch: another one, or none. */
  readonly onOther: (held: string | undefined) => void
  readonly onUp: () => void
}

/** Pages that may be read at once. */
const readsMax = 8

export class RedisReader {
  readonly #needs: ReaderNeeds
  readonly #link: RedisLink
  readonly #waiting: (() => void)[] = []
  #reads = 0

  constructor(needs: ReaderNeeds) {
    this.#needs = needs
    const { settings, clock } = needs
    this.#link = new RedisLink({
      url: settings.redisUrl,
      clock,
      timeoutMs: settings.redisTimeoutMs,
      greet: (run) => greet(run),
      onUp: () => needs.onUp(),
    })
  }

  get isUp(): boolean {
    return this.#link.isUp
  }
  keep(): Promise<void> {
    return this.#link.keep()
  }
  close(): void {
    this.#link.close()
  }

  /** All of them reject with what went wrong; they settle within the deadline or at the abort. */
  async partitions(signal: AbortSignal): Promise<number[]> {
    return partitionsOf(await this.#ask(['SMEMBERS', this.#needs.keys.partitions], signal))
  }

  async bounds(partition: number, signal: AbortSignal): Promise<Retained | undefined> {
    const stream = this.#needs.keys.stream(partition)
    return readBounds(await this.#ask(boundsCommand(stream), signal))
  }

  async page(
    partition: number,
    from: bigint,
    limits: { readonly recordsMax: number; readonly bytesMax: number },
    signal: AbortSignal,
  ): Promise<{ readonly blocks: readonly Block[]; readonly hasMore: boolean }> {
    const stream = this.#needs.keys.stream(partition)
    const command = pageCommand(stream, from, limits.recordsMax, limits.bytesMax)
    return readPage(partition, await this.#ask(command, signal))
  }

  async #ask(command: RedisCommand, signal: AbortSignal): Promise<RedisReply> {
    await this.#slot(signal)
    const { metrics, clock, keys, epoch } = this.#needs
    const startMs = clock.nowMs()
    try {
      const expected = epoch.value
      const both = [['GET', keys.epoch], command] as const
      const [held, reply] = await orAborted(signal, this.#link.run(both))
      this.#check(expected, Buffer.isBuffer(held) ? held.toString() : undefined)
      if (reply instanceof Error) throw this.#refused(reply)
      return reply ?? null
    } catch (error) {
      metrics.redisErrors.add()
      throw error
    } finally {
      metrics.redisLatency.of({ operation: 'read' }).observe(clock.nowMs() - startMs)
      this.#reads -= 1
      for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /**
   * What Redis shows under another epoch than ours is nothing that clients may be shown. It is news
   * unless ours has changed since the question: then the answer may be the older one.
   */
  #check(expected: string, held: string | undefined): void {
    const { epoch, onOther } = this.#needs
    if (held === epoch.value) return
    if (expected === epoch.value) onOther(held)
    throw new Error('Redis holds another epoch')
  }

  /** Scripts that Redis has forgotten are loaded again with the next connection. */
  #refused(error: Error): Error {
    if (error.message.startsWith('NOSCRIPT')) this.#link.renew()
    return error
  }

  /** Waits for its turn; those before it are each bounded by the link's deadline. */
  async #slot(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (!this.#link.isUp) throw new RedisLinkError('connection', 'Redis is not connected')
    while (this.#reads >= readsMax) {
      await orAborted(signal, new Promise<void>((resolve) => this.#waiting.push(resolve)))
    }
    this.#reads += 1
  }
}

async function greet(run: RoundTrip): Promise<void> {
  for (const reply of await run(readerScripts)) if (reply instanceof Error) throw reply
}

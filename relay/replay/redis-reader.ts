/**
 * The reading half of the Redis tier, on its own connection: a large page never blocks writes, and
 * a read that hangs costs no write. Few pages are read at once, because each is held in memory as a
 * whole.
 */
import {
  type RedisCommand,
  RedisLink,
  RedisLinkError,
  type RedisReply,
  type RoundTrip,
} from '../adapters/redis.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Retained } from './seam.ts'
import { isFixedByReconnecting, refusalOf } from '../tables/redis-refusals.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { orAborted } from '../world/deadline.ts'
import { Slots } from '../world/slots.ts'
import type { Keys } from './blocks.ts'
import type { Epoch } from './epoch.ts'
import type { PageLimits } from './pages.ts'
import type { RedisStatus } from './redis-status.ts'
import {
  boundsCommands,
  type FoundPage,
  hasForgotten,
  pageCommand,
  partitionsOf,
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
  readonly status: RedisStatus
}

/** Pages read at once. */
const readsMax = 8

export class RedisReader {
  readonly #needs: ReaderNeeds
  readonly #link: RedisLink
  /** The wait for a slot is bounded: each read has the link's deadline. */
  readonly #slots = new Slots(readsMax)
  #isLooking = false

  constructor(needs: ReaderNeeds) {
    this.#needs = needs
    const { settings, clock } = needs
    this.#link = new RedisLink({
      url: settings.redisUrl,
      clock,
      timeoutMs: settings.redisTimeoutMs,
      onConnect: (run) => this.#onConnect(run),
      onUp: () => needs.onUp(),
      onRefused: (answer) => needs.status.refused('probe', answer),
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
  /** Checks whether this is still the primary; if not, the link searches it. Never throws. */
  async look(): Promise<void> {
    if (!this.#link.isUp || this.#isLooking) return
    this.#isLooking = true
    await this.#probe(this.#link.run).catch(() => undefined)
    this.#isLooking = false
  }

  /** Reads reject with the error; they settle within the deadline or at the abort. */
  async partitions(signal: AbortSignal): Promise<number[]> {
    const asked = [['SMEMBERS', this.#needs.keys.partitions]] as const
    const [members] = await this.#ask(asked, signal)
    return partitionsOf(members ?? null)
  }

  /** Of the partitions that have records, in one round trip. */
  async bounds(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Retained>> {
    const { keys } = this.#needs
    const found = new Map<number, Retained>()
    if (partitions.length === 0) return found
    const asked = boundsCommands(keys, partitions)
    for (const [at, bounds] of readBounds(await this.#ask(asked, signal)).entries()) {
      if (bounds !== undefined) found.set(partitions[at]!, bounds)
    }
    return found
  }

  async page(
    partition: number,
    from: bigint,
    limits: PageLimits,
    signal: AbortSignal,
  ): Promise<FoundPage> {
    const command = pageCommand(this.#needs.keys.stream(partition), from, limits)
    const [reply] = await this.#ask([command], signal)
    return readPage(partition, reply)
  }

  async #ask(
    commands: readonly RedisCommand[],
    signal: AbortSignal,
  ): Promise<readonly RedisReply[]> {
    signal.throwIfAborted()
    if (!this.#link.isUp) throw new RedisLinkError('connection', 'Redis is not connected')
    await this.#slots.enter(signal)
    const { metrics, clock, keys, epoch } = this.#needs
    const startMs = clock.nowMs()
    try {
      const expected = epoch.value
      const all: readonly RedisCommand[] = [['GET', keys.epoch], ...commands]
      const answers = await orAborted(signal, this.#run(all))
      for (const one of answers) if (one instanceof Error) throw this.#refused(one, 'read')
      const [held, ...replies] = answers
      this.#check(expected, Buffer.isBuffer(held) ? held.toString() : undefined)
      this.#needs.status.granted('read')
      return replies
    } catch (error) {
      metrics.redisErrors.add()
      throw error
    } finally {
      metrics.redisLatency.of({ operation: 'read' }).observe(clock.nowMs() - startMs)
      this.#slots.leave()
    }
  }

  /**
   * Data under another epoch than ours must not be sent to clients. The other epoch is reported
   * unless ours has changed since the request: then the answer may be the older one.
   */
  #check(expected: string, held: string | undefined): void {
    const { epoch, onOther } = this.#needs
    if (held === epoch.value) return
    if (expected === epoch.value) onOther(held)
    throw new Error('Redis holds another epoch')
  }

  /** Sends all commands again if Redis has lost a script: the epoch belongs to the same answer. */
  async #run(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    const replies = await this.#link.run(commands)
    if (!hasForgotten(replies)) return replies
    const again = await this.#link.run([...readerScripts, ...commands])
    return again.slice(readerScripts.length)
  }

  #refused(error: Error, operation: 'probe' | 'read'): Error {
    this.#needs.status.refused(operation, error.message)
    return error
  }

  /** A replica that lags is not read from: it would look like a buffer with losses. */
  async #onConnect(run: RoundTrip): Promise<void> {
    for (const reply of await run(readerScripts)) {
      if (reply instanceof Error) throw this.#refused(reply, 'probe')
    }
    await this.#probe(run)
  }

  /** Tries a write that changes nothing. A primary that refuses writes for now can be read. */
  async #probe(run: RoundTrip): Promise<void> {
    const [probed] = await run([['PEXPIRE', this.#needs.keys.nothing, 1]])
    const isWrong = probed instanceof Error && isFixedByReconnecting(refusalOf(probed.message))
    if (isWrong) throw this.#refused(probed, 'probe')
    this.#needs.status.granted('probe')
  }
}

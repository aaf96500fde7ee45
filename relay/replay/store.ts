/**
 * The replay buffer: memory and Redis behind one interface. Live delivery never waits for it:
 * records are added synchronously, and everything about Redis happens behind a bounded queue.
 *
 * A page comes from one tier only: from memory for the offsets that it covers, else from Redis up
 * to where memory begins. So no offset between the two can be skipped unnoticed: what neither of
 * them covers is a hole, and is declared.
 */
import type { Signals } from '../health/signals.ts'
import type { Asked, ReplayPage, ReplayStore, Retained } from './seam.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { RelayRecord } from '../log/record.ts'
import type { RedisRefusal } from '../tables/redis-refusals.ts'
import type { Settings } from '../tables/settings.ts'
import { type Clock, sleep } from '../world/clock.ts'
import { orAborted } from '../world/deadline.ts'
import { type BlockBounds, bytesOf, keysOf } from './blocks.ts'
import { Epoch, newEpoch, topicOf } from './epoch.ts'
import { Incoming } from './incoming.ts'
import { MemoryTier } from './memory.ts'
import {
  pageBytesMax,
  type PageLimits,
  pageOfBlocks,
  pageOfHole,
  pageOfRun,
  pageTooLarge,
} from './pages.ts'
import { RedisReader } from './redis-reader.ts'
import { RedisStatus } from './redis-status.ts'
import { RedisWriter } from './redis-writer.ts'
import { WriteQueue } from './write-queue.ts'

export interface StoreNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly signals: Signals
  /** How long Redis keeps a record; called once Redis is used. */
  readonly expiryMs: () => number
  readonly onRedisUp?: () => void
  /** Each reason once, until there is a connection again. */
  readonly onRedisDown?: (why: string) => void
  /** Redis is connected and refuses: called once when that begins, with its own answer. */
  readonly onRedisRefusal?: (refusal: RedisRefusal, answer: string) => void
  readonly onRedisGranted?: () => void
  /** Called with the new epoch. */
  readonly onEpoch?: (epoch: string, why: EpochReason) => void
}
export type EpochReason = 'adopted' | 'foreign' | 'lost' | 'cleared' | 'log_regressed'

const pageRecordsMax = 1_000
const blockMax = { bytesMax: 64 * 1_024, recordsMax: 1_000 }
const batchBytesMax = 512 * 1_024
/** Streams are trimmed by whole blocks, so a block is a small part of what a stream may hold. */
const blocksPerStream = 16

/** Both halves of the Redis tier, which exists once the namespace is known. */
interface RedisTier {
  readonly writer: RedisWriter
  readonly reader: RedisReader
  readonly kept: Promise<unknown>
}

export class TieredReplayStore implements ReplayStore {
  readonly #needs: StoreNeeds
  readonly #memory: MemoryTier
  readonly #queue: WriteQueue
  readonly #incoming: Incoming
  readonly #epoch: Epoch
  readonly #status: RedisStatus
  readonly #isEnabled: boolean
  #redis: RedisTier | undefined
  #topicId: string | undefined
  /** A reset came before Redis was used. */
  #isResetPending = false

  constructor(needs: StoreNeeds) {
    this.#needs = needs
    const { settings, clock } = needs
    const { replayTtlMs, redisTimeoutMs } = settings
    this.#isEnabled = settings.redisUrl !== ''
    this.#memory = new MemoryTier({
      recordsMax: settings.replayMemoryRecordsMax,
      bytesMax: settings.replayMemoryBytesMax,
    })
    this.#queue = new WriteQueue({
      bytesMax: settings.redisQueueBytesMax,
      block: blockBounds(settings),
      batchBytesMax,
    })
    this.#incoming = new Incoming(
      (partition, stretch) => this.#take(partition, stretch),
      () => this.#taken(),
    )
    this.#epoch = new Epoch(clock, replayTtlMs - redisTimeoutMs, () => newEpoch(this.#topicId))
    this.#status = new RedisStatus({
      ...needs,
      onRefusal: (refusal, answer) => needs.onRedisRefusal?.(refusal, answer),
      onGranted: () => needs.onRedisGranted?.(),
      onDown: (why) => needs.onRedisDown?.(why),
    })
    this.#export()
  }

  /**
   * Begins to use Redis, under keys of this namespace. Until then records wait in the queue. Data
   * of another topic, where ids are known, is removed.
   *
   * @returns settles when Redis is connected, or after one deadline: connecting is retried forever
   */
  async open(namespace: string, topicId?: string): Promise<void> {
    if (!this.#isEnabled || this.#redis !== undefined) return
    this.#topicId = topicId
    this.#epoch.renew()
    const { settings, clock, onRedisUp } = this.#needs
    const writes = Promise.withResolvers<void>()
    const reads = Promise.withResolvers<void>()
    const keys = keysOf(namespace)
    const writer = new RedisWriter({
      ...this.#needs,
      keys,
      epoch: this.#epoch,
      queue: this.#queue,
      onEpoch: (why) => this.#epochIs(why),
      onSettled: () => this.#evict(),
      onUp: () => {
        writes.resolve()
        onRedisUp?.()
      },
      onLook: () => void reader.look(),
      status: this.#status,
    })
    const reader = new RedisReader({
      ...this.#needs,
      keys,
      epoch: this.#epoch,
      onOther: (held) => writer.saw(held),
      onUp: () => reads.resolve(),
      status: this.#status,
    })
    if (this.#isResetPending) void writer.clear()
    this.#redis = { writer, reader, kept: Promise.all([writer.keep(), reader.keep()]) }
    const reached = Promise.all([writes.promise, reads.promise])
    await Promise.race([reached, sleep(clock, settings.redisTimeoutMs)])
  }

  add(records: readonly RelayRecord[]): void {
    for (const { partition, offset, value } of records) {
      this.#incoming.add(partition, { first: offset, last: offset, value })
    }
  }

  addHole(partition: number, offset: bigint, lastOffset = offset): void {
    this.#incoming.add(partition, { first: offset, last: lastOffset, value: undefined })
  }

  async partitions(signal: AbortSignal): Promise<Asked<readonly number[]>> {
    const stored = await this.#asked((reader) => reader.partitions(signal), signal)
    this.#incoming.settle()
    const known = new Set([...(stored.found ?? []), ...this.#memory.partitions()])
    return { ...stored, found: [...known].toSorted((a, b) => a - b) }
  }

  async retained(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<Asked<ReadonlyMap<number, Retained>>> {
    const stored = await this.#asked((reader) => reader.bounds(partitions, signal), signal)
    this.#incoming.settle()
    const found = new Map<number, Retained>()
    for (const partition of partitions) {
      const bounds = both(stored.found?.get(partition), this.#memory.span(partition))
      if (bounds !== undefined) found.set(partition, bounds)
    }
    return { ...stored, found }
  }

  async page(
    partition: number,
    after: bigint,
    before: bigint,
    signal: AbortSignal,
    budgetBytes?: number,
  ): Promise<ReplayPage> {
    this.#incoming.settle()
    const { metrics } = this.#needs
    const limits = limitsOf(budgetBytes)
    const from = after + 1n
    const run = this.#memory.run(partition, from, limits)
    if (run !== undefined) {
      metrics.memoryHits.add()
      return pageOfRun(run, from, before)
    }
    const nextKnown = this.#memory.nextKnown(partition, from) ?? before
    const end = nextKnown < before ? nextKnown : before
    return this.#pageOfRedis({ partition, from, end, before }, limits, signal)
  }

  async clear(signal: AbortSignal): Promise<{ isCleared: boolean; keys: number }> {
    return this.#forget('cleared', signal)
  }

  /** The log was truncated or the topic recreated: stored records must not be replayed again. */
  logRegressed(topicId?: string): void {
    this.#topicId = topicId
    void this.#forget('log_regressed', new AbortController().signal)
  }

  /** The newest offset of a partition that a tier is known to hold. */
  newest(partition: number): bigint | undefined {
    this.#incoming.settle()
    const inMemory = this.#memory.span(partition)?.newest
    const inRedis = this.#redis?.writer.newest(partition)
    if (inMemory === undefined || inRedis === undefined) return inMemory ?? inRedis
    return inMemory > inRedis ? inMemory : inRedis
  }

  /** Id of the topic whose records are kept, where it is known. */
  get topicId(): string | undefined {
    return topicOf(this.#epoch.value)
  }

  get epoch(): string {
    return this.#epoch.value
  }

  status(): ReturnType<ReplayStore['status']> {
    const { settings, metrics } = this.#needs
    return {
      redis_enabled: this.#isEnabled,
      memory_hits: metrics.memoryHits.total,
      redis_hits: metrics.redisHits.total,
      redis_misses: metrics.redisMisses.total,
      redis_write_dropped: metrics.redisWriteDropped.total,
      redis_write_failures: metrics.redisWriteFailures.total,
      memory_buffer_size: this.#memory.records,
      max_memory_size: settings.replayMemoryRecordsMax,
      redis_message_ttl_secs: settings.replayTtlMs / 1_000,
      redis_max_sequences: settings.replayRecordsPerPartitionMax,
      redis_connected: this.#isConnected,
      redis_refusal: this.#status.refusal ?? null,
      memory_buffer_bytes: this.#memory.bytes,
      redis_queue_bytes: this.#queue.bytes,
    }
  }

  /** Bytes for the memory budget. */
  get bytes(): { readonly memory: number; readonly queue: number } {
    return { memory: this.#memory.bytes, queue: this.#queue.bytes }
  }

  /** Waits until the queue is written, for at most one deadline, and drops the connections. */
  async close(): Promise<void> {
    const { clock, settings } = this.#needs
    this.#incoming.settle()
    const endMs = clock.nowMs() + settings.redisTimeoutMs
    const isBusy = () => this.#queue.bytes > 0 && this.#redis?.writer.isUp === true
    while (isBusy() && clock.nowMs() < endMs) await sleep(clock, 10)
    this.#redis?.writer.close()
    this.#redis?.reader.close()
    await this.#redis?.kept
  }

  get #isConnected(): boolean {
    return this.#redis !== undefined && this.#redis.writer.isUp && this.#redis.reader.isUp
  }

  #take(partition: number, stretch: Parameters<MemoryTier['add']>[1]): void {
    const ordinal = this.#memory.nextOrdinal
    if (!this.#memory.add(partition, stretch) || !this.#isEnabled) return
    const { settings, signals } = this.#needs
    if (bytesOf(stretch) > settings.redisPartitionBytesMax) {
      return signals.redisDropped(1, 'too_large')
    }
    const lost = this.#queue.add(partition, stretch, ordinal)
    if (lost > 0) signals.redisDropped(lost, 'queue_full')
  }

  #taken(): void {
    this.#redis?.writer.pump()
    this.#evict()
  }

  #evict(): void {
    this.#memory.evict(this.#queue.oldestOrdinal)
  }

  async #pageOfRedis(
    at: { partition: number; from: bigint; end: bigint; before: bigint },
    limits: PageLimits,
    signal: AbortSignal,
  ): Promise<ReplayPage> {
    const { metrics } = this.#needs
    let degraded: string | undefined
    try {
      const read = (reader: RedisReader) => reader.page(at.partition, at.from, limits, signal)
      const found = await this.#ask(read)
      if (found !== undefined && 'neededBytes' in found) return pageTooLarge(at, found)
      if (found !== undefined) {
        const page = pageOfBlocks(found, at)
        const isHit = page.records.length > 0
        if (isHit) metrics.redisHits.add()
        else metrics.redisMisses.add()
        return page
      }
    } catch (error) {
      signal.throwIfAborted()
      metrics.redisMisses.add()
      degraded = textOf(error)
    }
    return pageOfHole(at, degraded)
  }

  /** Undefined when there is no Redis tier. @throws when it cannot be read */
  async #ask<T>(work: (reader: RedisReader) => Promise<T>): Promise<T | undefined> {
    if (!this.#isEnabled) return undefined
    if (this.#redis === undefined) throw new Error('Redis is not connected')
    const { writer, reader } = this.#redis
    if (!writer.isReadable) throw new Error('Redis still holds data from before a reset')
    return work(reader)
  }

  /** The same, but a tier that cannot be read yields undefined and `degraded`. */
  async #asked<T>(
    work: (reader: RedisReader) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Asked<T | undefined>> {
    try {
      return { found: await this.#ask(work) }
    } catch (error) {
      signal.throwIfAborted()
      return { found: undefined, degraded: textOf(error) }
    }
  }

  async #forget(
    why: 'cleared' | 'log_regressed',
    signal: AbortSignal,
  ): Promise<{ isCleared: boolean; keys: number }> {
    this.#forgetOurs()
    this.#epoch.renew()
    this.#epochIs(why)
    if (!this.#isEnabled) return { isCleared: true, keys: 0 }
    this.#isResetPending = this.#redis === undefined
    const clearing = this.#redis?.writer.clear() ?? Promise.resolve(undefined)
    const keys = await orAborted(signal, clearing).catch(() => undefined)
    return { isCleared: keys !== undefined, keys: keys ?? 0 }
  }

  #forgetOurs(): void {
    this.#incoming.clear()
    this.#memory.clear()
    this.#queue.clear()
  }

  #epochIs(why: EpochReason): void {
    if (why === 'foreign') this.#forgetOurs()
    this.#needs.metrics.epochChanges.of({ reason: why }).add()
    this.#needs.onEpoch?.(this.#epoch.value, why)
  }

  #export(): void {
    const { metrics } = this.#needs
    metrics.redisConnected.from(() => (this.#isEnabled ? Number(this.#isConnected) : undefined))
    metrics.redisQueueBytes.from(() => this.#queue.bytes)
    metrics.replayMemoryRecords.from(() => this.#memory.records)
    metrics.replayMemoryBytes.from(() => this.#memory.bytes)
  }
}

function blockBounds(settings: Settings): BlockBounds {
  const share = (most: number) => Math.max(1, Math.floor(most / blocksPerStream))
  return {
    bytesMax: Math.min(blockMax.bytesMax, share(settings.redisPartitionBytesMax)),
    recordsMax: Math.min(blockMax.recordsMax, share(settings.replayRecordsPerPartitionMax)),
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const limitsOf = (budgetBytes = Infinity): PageLimits => ({
  recordsMax: pageRecordsMax,
  bytesMax: Number.isFinite(budgetBytes) ? budgetBytes : pageBytesMax,
  firstBytesMax: budgetBytes,
})

/** The bounds of two tiers together. */
function both(one: Retained | undefined, other: Retained | undefined): Retained | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return {
    oldest: one.oldest < other.oldest ? one.oldest : other.oldest,
    newest: one.newest > other.newest ? one.newest : other.newest,
  }
}

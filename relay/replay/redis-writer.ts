/**
 * The writing half of the Redis tier. Records go out in batches, one round trip each, several at
 * once but in order; whatever cannot be stored is counted and forgotten. It owns the epoch, because
 * every round trip also looks whether Redis still is what it was.
 */
import {
  type RedisCommand,
  RedisLink,
  type RedisLinkError,
  type RedisReply,
  type RoundTrip,
} from '../adapters/redis.ts'
import type { Signals } from '../health/signals.ts'
import type { Metrics } from '../metrics.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock, Timer } from '../world/clock.ts'
import { type Keys, type OpenBlock, recordsOf } from './blocks.ts'
import type { Epoch, EpochNews } from './epoch.ts'
import * as scripts from './scripts.ts'
import type { Batch, WriteQueue } from './write-queue.ts'

export interface WriterNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly signals: Signals
  readonly expiryMs: () => number
  readonly keys: Keys
  readonly epoch: Epoch
  readonly queue: WriteQueue
  /** The epoch is another one now. */
  readonly onEpoch: (why: 'adopted' | 'foreign' | 'lost' | 'log_regressed') => void
  /** A batch has arrived or failed: memory need not keep it any longer. */
  readonly onSettled: () => void
  readonly onUp: () => void
  readonly onDown: (why: string) => void
}

/** How often Redis is looked at when nothing is written: at least this often per TTL. */
const looksPerTtl = 8
const lookMs = { min: 50, max: 1_000 }
/**
 * Batches are at least so far apart unless they are full. A round trip costs the same whatever it
 * carries, memory answers for what waits, and it is the CPU of live delivery that is saved.
 */
const restMs = 50

/** The blocks of one batch that go to one partition. */
type Part = readonly [partition: number, blocks: readonly OpenBlock[]]

export class RedisWriter {
  readonly #needs: WriterNeeds
  readonly #link: RedisLink
  readonly #bounds: scripts.StreamBounds
  /** When each partition's stream was written to. */
  readonly #writtenMs = new Map<number, number>()
  readonly #newest = new Map<number, bigint>()
  /** Partitions of which Redis still holds what was reset: nothing may be read until it is told. */
  #toClear: ReadonlySet<number> | undefined
  #looking: Timer | undefined
  #resting: Timer | undefined
  #isLooking = false

  constructor(needs: WriterNeeds) {
    this.#needs = needs
    const { settings, clock, metrics } = needs
    this.#bounds = {
      ttlMs: needs.expiryMs(),
      recordsMax: settings.replayRecordsPerPartitionMax,
      bytesMax: settings.redisPartitionBytesMax,
    }
    this.#link = new RedisLink({
      url: settings.redisUrl,
      clock,
      timeoutMs: settings.redisTimeoutMs,
      greet: (run) => this.#greet(run),
      onUp: () => {
        metrics.redisConnects.add()
        needs.onUp()
        this.pump()
      },
      onDown: (why) => needs.onDown(why),
    })
  }

  get isUp(): boolean {
    return this.#link.isUp
  }
  /** Whether what Redis holds may be shown to clients. */
  get isReadable(): boolean {
    return this.#toClear === undefined
  }
  /** The newest offset known to be in Redis. */
  newest(partition: number): bigint | undefined {
    return this.#newest.get(partition)
  }

  keep(): Promise<void> {
    const everyMs = this.#needs.settings.replayTtlMs / looksPerTtl
    const boundedMs = Math.min(Math.max(everyMs, lookMs.min), lookMs.max)
    this.#looking = this.#needs.clock.every(boundedMs, () => void this.look())
    return this.#link.keep()
  }
  close(): void {
    this.#looking?.cancel()
    this.#resting?.cancel()
    this.#link.close()
  }

  /** Sends what waits, as far as there may be more round trips under way. */
  pump(): void {
    const { queue, settings } = this.#needs
    const canSend = () => this.#link.isUp && this.isReadable && this.#isRested
    while (canSend() && queue.batchesSent < settings.redisWritesMax) {
      const batch = queue.send()
      if (batch === undefined) return
      void this.#write(batch)
      this.#rest()
    }
  }

  get #isRested(): boolean {
    return this.#resting === undefined || this.#needs.queue.hasFullBatch
  }

  #rest(): void {
    this.#resting ??= this.#needs.clock.after(restMs, () => {
      this.#resting = undefined
      this.pump()
    })
  }

  /** A read has found that Redis holds another epoch since, or none. */
  saw(held: string | undefined): void {
    const { epoch } = this.#needs
    // Whether the first one that is found may be ours, the greeting decides.
    if (held !== undefined && epoch.hasMet) this.#follow(epoch.heard(held))
    void this.look()
  }

  /** Asks whether Redis still is what it was, and lets go of what is too old. Never throws. */
  async look(): Promise<void> {
    if (!this.#link.isUp || !this.isReadable || this.#isLooking) return
    this.#isLooking = true
    try {
      await this.#tidy(this.#link.run, this.#newest.keys())
    } catch {
      this.#needs.metrics.redisErrors.add()
    } finally {
      this.#isLooking = false
    }
  }

  /**
   * Forgets everything that Redis holds of this namespace. What was sent before is cleared too,
   * because it is on the same connection; what comes later waits until this is done.
   *
   * @returns how many keys are gone; undefined when Redis could not be told. It is told as soon as
   * it can be, and nothing that it holds is shown until then.
   */
  async clear(): Promise<number | undefined> {
    this.#toClear = new Set([...(this.#toClear ?? []), ...this.#newest.keys()])
    this.#writtenMs.clear()
    this.#newest.clear()
    try {
      return await this.#clearWith(this.#link.run, this.#toClear)
    } catch {
      this.#link.renew()
      return undefined
    } finally {
      this.pump()
    }
  }

  async #clearWith(run: RoundTrip, known: ReadonlySet<number>): Promise<number> {
    const { keys, epoch, settings } = this.#needs
    const { value } = epoch
    const command = scripts.clearCommand(keys, value, settings.replayTtlMs, known)
    const [gone] = answered(await run([command]))
    // Another reset has begun since: it clears what this one has cleared, with its own epoch.
    if (value === epoch.value) {
      this.#toClear = undefined
      epoch.held()
    }
    return typeof gone === 'number' ? gone : 0
  }

  /** A new connection: whose data is it, and how far does it reach? */
  async #greet(run: RoundTrip): Promise<void> {
    const { keys, epoch } = this.#needs
    answered(await run(scripts.writerScripts))
    const [held] = answered(await run([['GET', keys.epoch]]))
    if (Buffer.isBuffer(held) && epoch.isOfAnotherTopic(held.toString())) {
      this.#toClear ??= new Set()
      this.#needs.onEpoch('log_regressed')
    }
    if (this.#toClear !== undefined) await this.#clearWith(run, this.#toClear)
    const [members] = answered(await run([['SMEMBERS', keys.partitions]]))
    const partitions = partitionsOf(members)
    await this.#tidy(run, partitions)
    const { value } = epoch
    const asked = scripts.boundsCommands(partitions.map((partition) => keys.stream(partition)))
    const answers = asked.length === 0 ? [] : answered(await run(asked))
    if (value !== epoch.value) return
    for (const [at, bounds] of scripts.readBounds(answers).entries()) {
      if (bounds !== undefined) this.#newest.set(partitions[at]!, bounds.newest)
    }
  }

  /** Follows the epoch that Redis holds now: ours, unless it had one. */
  async #tidy(run: RoundTrip, partitions: Iterable<number>): Promise<void> {
    const { keys, epoch } = this.#needs
    const { replayTtlMs: ttlMs } = this.#needs.settings
    const trims = Array.from(partitions, (one) => scripts.tidyCommand(keys, one, this.#bounds))
    const { expected, ifAbsent } = epoch.offer
    const offer: RedisCommand = ['SET', keys.epoch, ifAbsent, 'NX', 'PX', ttlMs]
    const [, held] = answered(await run([offer, ['GETEX', keys.epoch, 'PX', ttlMs], ...trims]))
    if (!Buffer.isBuffer(held)) throw new TypeError('Redis has not kept the epoch')
    if (expected === epoch.value) this.#follow(epoch.heard(held.toString()))
  }

  async #write(batch: Batch): Promise<void> {
    const { queue, signals, metrics, clock, epoch, onSettled } = this.#needs
    const { value } = epoch
    const startMs = clock.nowMs()
    const parts = partsOf(batch)
    try {
      const answers = await this.#link.run(parts.map((part) => this.#commandOf(part)))
      // Ours has changed meanwhile: what the answer says of Redis' may be the older news.
      const isNews = value === epoch.value
      for (const [at, part] of parts.entries()) this.#judge(part, answers[at], isNews)
    } catch (error) {
      metrics.redisErrors.add()
      signals.redisFailed(batch.records, (error as RedisLinkError).code)
    } finally {
      metrics.redisLatency.of({ operation: 'write' }).observe(clock.nowMs() - startMs)
      queue.settle(batch)
      onSettled()
      this.pump()
    }
  }

  #commandOf([partition, blocks]: Part): RedisCommand {
    const { keys, epoch, clock } = this.#needs
    const nowMs = clock.nowMs()
    const isKnown = this.#mustBeThere(partition, nowMs)
    this.#writtenMs.set(partition, nowMs)
    const { offer } = epoch
    const bounds = this.#bounds
    return scripts.writeCommand(keys, { partition, blocks, offer, isKnown, bounds })
  }

  /** Whether a stream was written to and had no time to expire. */
  #mustBeThere(partition: number, nowMs: number): boolean {
    const writtenMs = this.#writtenMs.get(partition)
    const livesMs = this.#needs.settings.replayTtlMs - this.#needs.settings.redisTimeoutMs
    return writtenMs !== undefined && nowMs - writtenMs < livesMs
  }

  /** Reads the answer to a batch: did it arrive, and is Redis still what it was? */
  #judge([partition, blocks]: Part, answer: RedisReply | undefined, isNews: boolean): void {
    const { epoch, metrics, signals } = this.#needs
    try {
      const written = scripts.readWritten(answer)
      const news = isNews ? epoch.heard(written.epoch) : 'same'
      const newest = blocks[written.done - 1]?.last
      const isThere = newest !== undefined && written.epoch === epoch.value
      if (isThere) {
        this.#newest.set(partition, newest)
        metrics.redisBlocksWritten.add(written.done)
      }
      const isRefused = news === 'foreign' || news === 'adopted'
      const missed = recordsOf(blocks.slice(written.done))
      if (missed > 0) signals.redisFailed(missed, written.failure ? 'refused' : 'foreign_epoch')
      if (written.failure !== undefined || isRefused) metrics.redisErrors.add()
      this.#follow(news)
    } catch {
      metrics.redisErrors.add()
      signals.redisFailed(recordsOf(blocks), 'refused')
      // Scripts that Redis has forgotten are loaded again with the next connection.
      if (answer instanceof Error && answer.message.startsWith('NOSCRIPT')) this.#link.renew()
    }
  }

  /** What is known of streams holds for one epoch only. */
  #follow(news: EpochNews): void {
    if (news === 'same') return
    this.#writtenMs.clear()
    if (news === 'foreign') this.#newest.clear()
    this.#needs.onEpoch(news)
  }
}

function partsOf({ blocks }: Batch): Part[] {
  const parts = new Map<number, OpenBlock[]>()
  for (const block of blocks) {
    const mine = parts.get(block.partition)
    if (mine === undefined) parts.set(block.partition, [block])
    else mine.push(block)
  }
  return [...parts]
}

/** The answers, none of which may be an error. */
function answered(replies: readonly RedisReply[]): readonly RedisReply[] {
  for (const reply of replies) if (reply instanceof Error) throw reply
  return replies
}

/** The members of the partitions set, ascending. */
export function partitionsOf(reply: RedisReply | undefined): number[] {
  const members = Array.isArray(reply) ? (reply as readonly RedisReply[]) : []
  const numbers = members.map((member) => (Buffer.isBuffer(member) ? Number(String(member)) : -1))
  return numbers.filter((one) => Number.isSafeInteger(one) && one >= 0).toSorted((a, b) => a - b)
}

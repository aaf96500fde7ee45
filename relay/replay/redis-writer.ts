/**
 * The writing half of the Redis tier. Records are written in batches, one round trip each, several
 * at once but in order; records that cannot be stored are counted and dropped. It owns the epoch,
 * because every round trip also checks whether Redis still holds the same data.
 */
import {
  type RedisCommand,
  RedisLink,
  RedisLinkError,
  type RedisReply,
  type RoundTrip,
} from '../adapters/redis.ts'
import type { Signals } from '../health/signals.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { isFixedByReconnecting, refusalOf } from '../tables/redis-refusals.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock, Timer } from '../world/clock.ts'
import { type Keys, type OpenBlock, recordsOf } from './blocks.ts'
import type { Epoch, EpochNews } from './epoch.ts'
import type { Operation, RedisStatus } from './redis-status.ts'
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
  /** The epoch has changed. */
  readonly onEpoch: (why: 'adopted' | 'foreign' | 'lost' | 'log_regressed') => void
  /** A batch was stored or failed: memory need not keep it any longer. */
  readonly onSettled: () => void
  readonly onUp: () => void
  /** The server is being checked, or was the wrong one: the reader should check it too. */
  readonly onLook: () => void
  readonly status: RedisStatus
}

/** How often Redis is checked when nothing is written: at least this often per TTL. */
const looksPerTtl = 8
const lookMs = { min: 50, max: 1_000 }
/**
 * Least time between batches unless they are full. A round trip costs the same whatever it carries,
 * waiting records can be replayed from memory, and fewer batches leave more CPU to live delivery.
 */
const restMs = 50
/** Attempts of a reset; each fails if another relay begins a new partition meanwhile. */
const clearsMax = 5

/** The blocks of one batch that go to one partition. */
type Part = readonly [partition: number, blocks: readonly OpenBlock[]]

export class RedisWriter {
  readonly #needs: WriterNeeds
  readonly #link: RedisLink
  readonly #bounds: scripts.StreamBounds
  /** When each partition's stream was written to. */
  readonly #writtenMs = new Map<number, number>()
  readonly #newest = new Map<number, bigint>()
  /** Partitions that Redis has yet to clear after a reset: nothing may be read until then. */
  #toClear: ReadonlySet<number> | undefined
  #looking: Timer | undefined
  #resting: Timer | undefined
  #isLooking = false
  /** Batches that are being sent again: later ones must not overtake them. */
  #again = 0

  constructor(needs: WriterNeeds) {
    this.#needs = needs
    const { settings, clock, metrics, status } = needs
    this.#bounds = {
      ttlMs: needs.expiryMs(),
      recordsMax: settings.replayRecordsPerPartitionMax,
      bytesMax: settings.redisPartitionBytesMax,
    }
    this.#link = new RedisLink({
      url: settings.redisUrl,
      clock,
      timeoutMs: settings.redisTimeoutMs,
      onConnect: (run) => this.#reportRefusals('connect', () => this.#onConnect(run)),
      onUp: () => {
        metrics.redisConnects.add()
        status.up()
        needs.onUp()
        this.pump()
      },
      onRefused: (answer) => status.refused('connect', answer),
      onDown: (why) => status.down(why),
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

  /** Sends waiting records, up to the limit of round trips in flight. */
  pump(): void {
    const { queue, settings } = this.#needs
    const isFree = () => this.isReadable && this.#again === 0 && this.#isRested
    const canSend = () => this.#link.isUp && isFree()
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

  /** A read has found another epoch in Redis, or none. */
  saw(held: string | undefined): void {
    const { epoch } = this.#needs
    // The first epoch that is found is handled when the writer connects.
    if (held !== undefined && epoch.hasMet) this.#follow(epoch.received(held))
    void this.look()
  }

  /** Checks whether Redis still holds the same data, and trims old blocks. Never throws. */
  async look(): Promise<void> {
    this.#needs.onLook()
    if (!this.#link.isUp || !this.isReadable || this.#isLooking) return
    this.#isLooking = true
    try {
      await this.#reportRefusals('look', () => this.#tidy(this.#run, this.#newest.keys()))
      this.#needs.status.granted('look')
    } catch {
      this.#needs.metrics.redisErrors.add()
    } finally {
      this.#isLooking = false
      this.pump()
    }
  }

  /**
   * Clears everything that Redis holds of this namespace. Batches sent before are cleared too,
   * because they are on the same connection; later ones wait until this is done.
   *
   * @returns how many keys were removed; undefined when Redis could not be reached. It is cleared
   * as soon as it can be, and its data is not read until then.
   */
  async clear(): Promise<number | undefined> {
    this.#toClear = new Set([...(this.#toClear ?? []), ...this.#newest.keys()])
    this.#writtenMs.clear()
    this.#newest.clear()
    const known = this.#toClear
    try {
      return await this.#reportRefusals('write', () => this.#clearWith(this.#run, known))
    } catch {
      this.#link.renew()
      return undefined
    } finally {
      this.pump()
    }
  }

  async #clearWith(run: RoundTrip, known: ReadonlySet<number>): Promise<number> {
    const { epoch } = this.#needs
    const { value } = epoch
    const gone = await this.#clearNamed(run, value, new Set(known))
    // Otherwise another reset has begun since: it clears the same keys, with its own epoch.
    if (value === epoch.value) {
      this.#toClear = undefined
      epoch.held()
    }
    return gone
  }

  /** Streams are named in the command, because a script may touch only named keys. */
  async #clearNamed(run: RoundTrip, epoch: string, named: Set<number>): Promise<number> {
    const { keys, settings } = this.#needs
    const [members] = answered(await run([['SMEMBERS', keys.partitions]]))
    for (const one of scripts.partitionsOf(members)) named.add(one)
    for (let times = 0; times < clearsMax; times++) {
      const command = scripts.clearCommand(keys, epoch, settings.replayTtlMs, named)
      const { gone, others } = scripts.readCleared(answered(await run([command]))[0])
      if (others.length === 0) return gone
      for (const one of others) named.add(one)
    }
    throw new Error(`streams were begun during each of ${clearsMax} resets`)
  }

  /** A new connection: checks whose data Redis holds, and up to which offsets. */
  async #onConnect(run: RoundTrip): Promise<void> {
    const { keys, epoch } = this.#needs
    answered(await run(scripts.writerScripts))
    const [held] = answered(await run([['GET', keys.epoch]]))
    if (Buffer.isBuffer(held) && epoch.isOfAnotherTopic(held.toString())) {
      this.#toClear ??= new Set()
      this.#needs.onEpoch('log_regressed')
    }
    if (this.#toClear !== undefined) await this.#clearWith(run, this.#toClear)
    const [members] = answered(await run([['SMEMBERS', keys.partitions]]))
    const partitions = scripts.partitionsOf(members)
    await this.#tidy(run, partitions)
    const { value } = epoch
    const asked = scripts.boundsCommands(keys, partitions)
    const answers = asked.length === 0 ? [] : answered(await run(asked))
    if (value !== epoch.value) return
    for (const [at, bounds] of scripts.readBounds(answers).entries()) {
      if (bounds !== undefined) this.#newest.set(partitions[at]!, bounds.newest)
    }
  }

  /** Adopts the epoch that Redis holds now: ours, unless it had one. */
  async #tidy(run: RoundTrip, partitions: Iterable<number>): Promise<void> {
    const { keys, epoch } = this.#needs
    const { replayTtlMs: ttlMs } = this.#needs.settings
    const trims = Array.from(partitions, (one) => scripts.tidyCommand(keys, one, this.#bounds))
    const { expected, ifAbsent } = epoch.offer
    const offer: RedisCommand = ['SET', keys.epoch, ifAbsent, 'NX', 'PX', ttlMs]
    const [, held] = answered(await run([offer, ['GETEX', keys.epoch, 'PX', ttlMs], ...trims]))
    if (!Buffer.isBuffer(held)) throw new TypeError('Redis has not kept the epoch')
    if (expected === epoch.value) this.#follow(epoch.received(held.toString()))
  }

  /** One round trip, and another one if Redis has lost a script. */
  readonly #run: RoundTrip = async (commands) => {
    const replies = await this.#link.run(commands)
    if (!scripts.hasForgotten(replies)) return replies
    this.#again += 1
    try {
      return await scripts.askAgain(this.#link.run, scripts.writerScripts, commands, replies)
    } finally {
      this.#again -= 1
    }
  }

  /** Runs work, and reports if Redis refuses it. */
  async #reportRefusals<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RedisLinkError)) this.#refused(operation, error as Error)
      throw error
    }
  }

  #refused(operation: Operation, { message }: Error): void {
    this.#needs.status.refused(operation, message)
    if (isFixedByReconnecting(refusalOf(message))) this.#needs.onLook()
  }

  async #write(batch: Batch): Promise<void> {
    const { queue, signals, metrics, clock, onSettled } = this.#needs
    const startMs = clock.nowMs()
    const parts = partsOf(batch)
    let back: readonly OpenBlock[] = []
    try {
      const { value } = this.#needs.epoch
      const answers = await this.#run(parts.map((part) => this.#commandOf(part)))
      back = this.#judgeAll(parts, answers, value)
    } catch (error) {
      metrics.redisErrors.add()
      signals.redisFailed(batch.records, (error as RedisLinkError).code)
    } finally {
      metrics.redisLatency.of({ operation: 'write' }).observe(clock.nowMs() - startMs)
      queue.settle(batch, back)
      onSettled()
      this.pump()
    }
  }

  /** @returns blocks that this server certainly did not store, and another one may */
  #judgeAll(
    parts: readonly Part[],
    answers: readonly RedisReply[],
    value: string,
  ): readonly OpenBlock[] {
    const { epoch, signals, status } = this.#needs
    // If our epoch has changed meanwhile, the one in the answer may be older.
    const isNews = value === epoch.value
    const back: OpenBlock[] = []
    let isGranted = true
    for (const [at, part] of parts.entries()) {
      const answer = answers[at]
      const isWrong = isNews && isOfWrongServer(answer)
      if (isWrong) {
        this.#refused('write', answer)
        this.#writtenMs.delete(part[0])
        back.push(...part[1])
      }
      isGranted = !isWrong && this.#judge(part, answer, isNews) && isGranted
    }
    if (isGranted) status.granted('write')
    // Blocks from before a reset must not be written after it.
    if (value === epoch.value) return back
    if (back.length > 0) signals.redisFailed(recordsOf(back), 'refused')
    return []
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

  /** Whether a stream was written to and cannot have expired. */
  #mustBeThere(partition: number, nowMs: number): boolean {
    const writtenMs = this.#writtenMs.get(partition)
    const livesMs = this.#needs.settings.replayTtlMs - this.#needs.settings.redisTimeoutMs
    return writtenMs !== undefined && nowMs - writtenMs < livesMs
  }

  /**
   * Reads the answer to a part: was it stored, and does Redis still hold the same data?
   *
   * @returns whether Redis has stored it
   */
  #judge([partition, blocks]: Part, answer: RedisReply | undefined, isNews: boolean): boolean {
    const { epoch, metrics, signals, status } = this.#needs
    try {
      const written = scripts.readWritten(answer)
      const news = isNews ? epoch.received(written.epoch) : 'same'
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
      if (written.failure !== undefined) status.refused('write', written.failure)
      this.#follow(news)
      return written.failure === undefined
    } catch (error) {
      metrics.redisErrors.add()
      signals.redisFailed(recordsOf(blocks), 'refused')
      this.#refused('write', error as Error)
      return false
    }
  }

  /** Knowledge of streams is valid for one epoch only. */
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

const isOfWrongServer = (answer: RedisReply | undefined): answer is Error =>
  answer instanceof Error && isFixedByReconnecting(refusalOf(answer.message))

/** The answers, none of which may be an error. */
function answered(replies: readonly RedisReply[]): readonly RedisReply[] {
  for (const reply of replies) if (reply instanceof Error) throw reply
  return replies
}

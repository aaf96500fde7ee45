/**
 * The writing half of the Redis tier. Records go out in batches, one round trip each, several at
 * once but in order; whatever cannot be stored is counted and forgotten. It owns the epoch, because
 * every round trip also looks whether Redis still is what it was.
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
  /** The epoch is another one now. */
  readonly onEpoch: (why: 'adopted' | 'foreign' | 'lost' | 'log_regressed') => void
  /** A batch has arrived or failed: memory need not keep it any longer. */
  readonly onSettled: () => void
  readonly onUp: () => void
  /** The server is looked at, or was the wrong one: whoever else is connected should look too. */
  readonly onLook: () => void
  readonly status: RedisStatus
}

/** How often Redis is looked at when nothing is written: at least this often per TTL. */
const looksPerTtl = 8
const lookMs = { min: 50, max: 1_000 }
/**
 * Batches are at least so far apart unless they are full. A round trip costs the same whatever it
 * carries, memory answers for what waits, and it is the CPU of live delivery that is saved.
 */
const restMs = 50
/** Each time a reset comes too early for a partition that another relay has begun meanwhile. */
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
  /** Partitions of which Redis still holds what was reset: nothing may be read until it is told. */
  #toClear: ReadonlySet<number> | undefined
  #looking: Timer | undefined
  #resting: Timer | undefined
  #isLooking = false
  /** Batches that are asked again: what comes later must not overtake them. */
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

  /** Sends what waits, as far as there may be more round trips under way. */
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

  /** A read has found that Redis holds another epoch since, or none. */
  saw(held: string | undefined): void {
    const { epoch } = this.#needs
    // Whether the first one that is found may be ours, the greeting decides.
    if (held !== undefined && epoch.hasMet) this.#follow(epoch.heard(held))
    void this.look()
  }

  /** Asks whether Redis still is what it was, and lets go of what is too old. Never throws. */
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
    // Another reset has begun since: it clears what this one has cleared, with its own epoch.
    if (value === epoch.value) {
      this.#toClear = undefined
      epoch.held()
    }
    return gone
  }

  /** Streams are found by being told of, since a script may touch only what is named to it. */
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

  /** A new connection: whose data is it, and how far does it reach? */
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

  /** One round trip, and another one for scripts that Redis has forgotten. */
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

  /** Does something of which it is told when Redis refuses it. */
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

  /** @returns what this server surely did not take, and another one may */
  #judgeAll(
    parts: readonly Part[],
    answers: readonly RedisReply[],
    value: string,
  ): readonly OpenBlock[] {
    const { epoch, signals, status } = this.#needs
    // Ours has changed meanwhile: what the answer says of Redis' may be the older news.
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
    // What was written before a reset must not come after it.
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

  /** Whether a stream was written to and had no time to expire. */
  #mustBeThere(partition: number, nowMs: number): boolean {
    const writtenMs = this.#writtenMs.get(partition)
    const livesMs = this.#needs.settings.replayTtlMs - this.#needs.settings.redisTimeoutMs
    return writtenMs !== undefined && nowMs - writtenMs < livesMs
  }

  /**
   * Reads the answer to a part: did it arrive, and is Redis still what it was?
   *
   * @returns whether Redis has granted it
   */
  #judge([partition, blocks]: Part, answer: RedisReply | undefined, isNews: boolean): boolean {
    const { epoch, metrics, signals, status } = this.#needs
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

const isOfWrongServer = (answer: RedisReply | undefined): answer is Error =>
  answer instanceof Error && isFixedByReconnecting(refusalOf(answer.message))

/** The answers, none of which may be an error. */
function answered(replies: readonly RedisReply[]): readonly RedisReply[] {
  for (const reply of replies) if (reply instanceof Error) throw reply
  return replies
}

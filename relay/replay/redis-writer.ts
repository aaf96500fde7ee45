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
import type { Clock } from '../world/clock.ts'
import { encodeBlock, idFrom, type Keys } from './blocks.ts'
import type { Epoch, EpochNews } from './epoch.ts'
import { Horizon } from './horizon.ts'
import { boundsCommand, type Bounds, readBounds } from './scripts.ts'
import type { Batch, WriteQueue } from './write-queue.ts'

export interface WriterNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly signals: Signals
  readonly keys: Keys
  readonly epoch: Epoch
  readonly queue: WriteQueue
  /** The epoch is another one now. */
  readonly onEpoch: (why: 'adopted' | 'foreign' | 'lost') => void
  /** A batch has arrived or failed: memory need not keep it any longer. */
  readonly onSettled: () => void
  readonly onUp: () => void
  readonly onDown: (why: string) => void
}

/** What was written to a partition's stream. */
interface Written {
  newest: bigint
  atMs: number
  readonly horizon: Horizon
}

export class RedisWriter {
  readonly #needs: WriterNeeds
  readonly #link: RedisLink
  readonly #written = new Map<number, Written>()
  readonly #newest = new Map<number, bigint>()
  /** Redis still holds what was reset: nothing of it may be read. */
  #mustClear = false
  #mustTellEpoch = false
  /** Changes with every epoch of our own making; answers to older questions say nothing of it. */
  #turn = 0

  constructor(needs: WriterNeeds) {
    this.#needs = needs
    const { settings, clock, metrics } = needs
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
    return !this.#mustClear
  }
  /** The newest offset known to be in Redis. */
  newest(partition: number): bigint | undefined {
    return this.#newest.get(partition)
  }

  keep(): Promise<void> {
    return this.#link.keep()
  }
  close(): void {
    this.#link.close()
  }

  /** Sends what waits, as far as there may be more round trips under way. */
  pump(): void {
    const { queue, settings } = this.#needs
    const canSend = () => this.#link.isUp && !this.#mustClear
    while (canSend() && queue.batchesSent < settings.redisWritesMax) {
      const batch = queue.send()
      if (batch === undefined) return
      void this.#write(batch)
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
    this.#turn++
    this.#mustClear = true
    this.#written.clear()
    this.#newest.clear()
    try {
      return await this.#clearWith(this.#link.run)
    } catch {
      this.#link.renew()
      return undefined
    } finally {
      this.pump()
    }
  }

  async #clearWith(run: RoundTrip): Promise<number> {
    const { keys, epoch } = this.#needs
    const [members] = answered(await run([['SMEMBERS', keys.partitions]]))
    const streams = partitionsOf(members).map((partition) => keys.stream(partition))
    const commands = [['UNLINK', keys.partitions, ...streams], this.#tellEpoch()] as const
    const [unlinked] = answered(await run(commands))
    this.#mustClear = false
    this.#mustTellEpoch = false
    epoch.held()
    return typeof unlinked === 'number' ? unlinked : 0
  }

  /** A new connection: whose data is it, and how far does it reach? */
  async #greet(run: RoundTrip): Promise<void> {
    if (this.#mustClear) await this.#clearWith(run)
    else if (this.#mustTellEpoch) await this.#giveEpoch(run)
    else await this.#learnEpoch(run)
    const { keys } = this.#needs
    const members = answered(await run([['SMEMBERS', keys.partitions]]))[0]
    const partitions = partitionsOf(members)
    const asked = partitions.map((partition) => boundsCommand(keys.stream(partition)))
    const answers = asked.length === 0 ? [] : answered(await run(asked))
    for (const [at, partition] of partitions.entries()) {
      const bounds: Bounds | undefined = readBounds(answers[at]!)
      if (bounds !== undefined) this.#newest.set(partition, bounds.newest)
    }
  }

  async #learnEpoch(run: RoundTrip): Promise<void> {
    const [found] = answered(await run([this.#askEpoch()]))
    const news = this.#needs.epoch.heard(textOf(found))
    if (news === 'absent' || news === 'lost') await this.#offerEpoch(run)
    if (news !== 'absent' && news !== 'same') this.#needs.onEpoch(news)
  }

  /** Redis has none: ours it is, unless somebody else was quicker. */
  async #offerEpoch(run: RoundTrip): Promise<void> {
    const { epoch, onEpoch } = this.#needs
    const offer: RedisCommand = [...this.#tellEpoch(), 'NX']
    const [, found] = answered(await run([offer, this.#askEpoch()]))
    const news = epoch.heard(textOf(found))
    if (news === 'adopted' || news === 'foreign') onEpoch(news)
  }

  /** Redis holds one that must not be believed any longer: ours replaces it. */
  async #giveEpoch(run: RoundTrip): Promise<void> {
    answered(await run([this.#tellEpoch()]))
    this.#mustTellEpoch = false
    this.#needs.epoch.held()
  }

  async #write(batch: Batch): Promise<void> {
    const { queue, signals, metrics, clock, onSettled } = this.#needs
    const turn = this.#turn
    const startMs = clock.nowMs()
    try {
      const wasKnown = this.#known(batch)
      const answers = await this.#link.run(this.#commandsOf(batch))
      this.#judge(batch, answers, turn, wasKnown)
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

  #commandsOf({ blocks }: Batch): RedisCommand[] {
    const { keys, settings } = this.#needs
    const { replayTtlMs } = settings
    const partitions = partitionsIn(blocks)
    const commands: RedisCommand[] = [this.#askEpoch()]
    for (const partition of partitions) commands.push(['EXISTS', keys.stream(partition)])
    for (const block of blocks) {
      commands.push(['XADD', keys.stream(block.partition), ...encodeBlock(block)])
    }
    for (const partition of partitions) {
      const stream = keys.stream(partition)
      const floor = this.#floorOf(partition, blocks)
      if (floor > 0n) commands.push(['XTRIM', stream, 'MINID', '~', idFrom(floor)])
      commands.push(['PEXPIRE', stream, replayTtlMs])
    }
    commands.push(['SADD', keys.partitions, ...partitions])
    commands.push(['PEXPIRE', keys.partitions, 2 * replayTtlMs])
    return commands
  }

  /** Notes what is about to be written, and says below which offset nothing need be kept. */
  #floorOf(partition: number, blocks: Batch['blocks']): bigint {
    const { clock, settings } = this.#needs
    const newest = blocks.findLast((block) => block.partition === partition)!.last
    let written = this.#written.get(partition)
    if (written === undefined) {
      const { replayTtlMs, replayRecordsPerPartitionMax } = settings
      const horizon = new Horizon(clock, replayTtlMs, replayRecordsPerPartitionMax)
      written = { newest, atMs: 0, horizon }
      this.#written.set(partition, written)
    }
    written.newest = newest
    written.atMs = clock.nowMs()
    return written.horizon.floor(newest)
  }

  /** Partitions whose stream must be there, because it was written to and had no time to expire. */
  #known({ blocks }: Batch): ReadonlySet<number> {
    const { clock, settings } = this.#needs
    const livesMs = settings.replayTtlMs - settings.redisTimeoutMs
    const isThere = (partition: number) => {
      const written = this.#written.get(partition)
      return written !== undefined && clock.nowMs() - written.atMs < livesMs
    }
    return new Set(partitionsIn(blocks).filter(isThere))
  }

  /** Reads the answers to a batch: did it arrive, and is Redis still what it was? */
  #judge(
    { blocks }: Batch,
    answers: readonly RedisReply[],
    turn: number,
    wasKnown: ReadonlySet<number>,
  ): void {
    const { signals, metrics } = this.#needs
    const partitions = partitionsIn(blocks)
    const [epoch, ...rest] = answers
    const isEvicted = partitions.some((one, at) => wasKnown.has(one) && rest[at] === 0)
    for (const [at, block] of blocks.entries()) {
      const answer = rest[partitions.length + at]
      if (!(answer instanceof Error)) this.#newest.set(block.partition, block.last)
      else if (!isAlreadyThere(answer)) {
        metrics.redisErrors.add()
        signals.redisFailed(block.records.length, 'refused')
      }
    }
    if (turn !== this.#turn || epoch instanceof Error) return
    if (this.#mustTellEpoch) return this.#inBackground((run) => this.#giveEpoch(run))
    const news = this.#needs.epoch.heard(textOf(epoch))
    if (news === 'same' && isEvicted) this.#evicted()
    else this.#follow(news)
  }

  /** A stream is gone that should be there. */
  #evicted(): void {
    this.#turn++
    this.#needs.epoch.renew()
    this.#mustTellEpoch = true
    this.#inBackground((run) => this.#giveEpoch(run))
    this.#needs.onEpoch('lost')
  }

  #follow(news: EpochNews): void {
    if (news === 'same') return
    if (news === 'lost') this.#turn++
    if (news === 'lost' || news === 'absent') this.#inBackground((run) => this.#offerEpoch(run))
    if (news !== 'absent') this.#needs.onEpoch(news)
  }

  /** Work that the next connection's greeting repeats if this one breaks. */
  #inBackground(work: (run: RoundTrip) => Promise<void>): void {
    work(this.#link.run).catch(() => undefined)
  }

  #askEpoch(): RedisCommand {
    const { keys, settings } = this.#needs
    return ['GETEX', keys.epoch, 'PX', 2 * settings.replayTtlMs]
  }
  #tellEpoch(): RedisCommand {
    const { keys, settings, epoch } = this.#needs
    return ['SET', keys.epoch, epoch.value, 'PX', 2 * settings.replayTtlMs]
  }
}

const partitionsIn = (blocks: Batch['blocks']): number[] => [
  ...new Set(blocks.map(({ partition }) => partition)),
]

/** Ids ascend: Redis refuses a block that it has, or that would stand before one that it has. */
const isAlreadyThere = (error: Error) => error.message.includes('equal or smaller')

const textOf = (reply: RedisReply | undefined) =>
  Buffer.isBuffer(reply) ? reply.toString() : undefined

/** The answers, none of which may be an error. */
function answered(replies: readonly RedisReply[]): readonly RedisReply[] {
  for (const reply of replies) if (reply instanceof Error) throw reply
  return replies
}

/** The members of the partitions set, ascending. */
export function partitionsOf(reply: RedisReply | undefined): number[] {
  const members = Array.isArray(reply) ? (reply as readonly RedisReply[]) : []
  const numbers = members.map((member) => Number(textOf(member)))
  return numbers.filter((one) => Number.isSafeInteger(one) && one >= 0).toSorted((a, b) => a - b)
}

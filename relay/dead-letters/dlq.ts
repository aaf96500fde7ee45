/**
 * Dead letters of malformed records, collected and sent many at a time. Two modes. Fail-open: the
 * stream goes on whatever the outcome; each dead letter is counted exactly once, as sent when Kafka
 * has acknowledged it in time, or as failed with the reason. Fail-closed: it is retried forever, no
 * offset after its record is committed before it is sent, and no more are accepted than fit.
 *
 * Bounded in requests in flight and in bytes that wait or are in flight.
 */
import { Recency } from '../health/recency.ts'
import { type DeadLetter, deadLetterOf, type Poison, traceId } from './dead-letter.ts'
import { MalformedLines } from './malformed-lines.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Logger } from '../adapters/logger.ts'
import type { Settings } from '../tables/settings.ts'
import { Backoff } from '../world/backoff.ts'
import type { Clock, Timer } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'

/** The broker accepts no request, or no record, of this size. */
export class DeadLettersTooLarge extends Error {
  override readonly name = 'DeadLettersTooLarge'
}
export interface DlqProducer {
  /**
   * @throws DeadLettersTooLarge when fewer or smaller ones may be accepted
   * @throws when the broker did not acknowledge them
   */
  send(deadLetters: readonly Pick<DeadLetter, 'key' | 'value'>[]): Promise<void>
}
export interface DlqNeeds {
  readonly settings: Pick<
    Settings,
    | 'dlqMode'
    | 'dlqSendTimeoutMs'
    | 'dlqSendsMax'
    | 'dlqWaitingBytesMax'
    | 'healthWindowMs'
    | 'isDlqPayloadIncluded'
    | 'payloadBytesMax'
  >
  /** Topic of the records. */
  readonly topic: string
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly producer: DlqProducer
  /** More dead letters are accepted again. */
  onCapacity(): void
}

/** Below the default limit of brokers (about 1 MiB), protocol overhead included. */
const requestBytesMax = 900_000
const requestDeadLettersMax = 1_000
/** Bytes of a record on the wire in addition to its key and value. */
const recordBytes = 32
const retry = { firstMs: 250, mostMs: 5_000 } as const

interface Open {
  readonly poison: Pick<Poison, 'partition' | 'offset' | 'errorType'>
  readonly deadLetter: DeadLetter
  readonly bytes: number
  readonly takenMs: number
}

export class DeadLetterQueue {
  readonly #needs: DlqNeeds
  readonly #isClosed: boolean
  readonly #backoff = new Backoff(retry)
  readonly #lines: MalformedLines
  /** Offsets of unsettled dead letters, by partition: no later offset is committed. */
  readonly #open = new Map<number, Set<bigint>>()
  #waiting: Open[] = []
  #requests = 0
  #openCount = 0
  #openBytes = 0
  #chunkBytesMax = requestBytesMax
  #isPumpDue = false
  #isNextDue = false
  #wasFull = false
  #retry: Timer | undefined
  #failingSinceMs: number | undefined
  readonly #lost: Recency
  #idle = Promise.withResolvers<void>()

  constructor(needs: DlqNeeds) {
    this.#needs = needs
    this.#isClosed = needs.settings.dlqMode === 'fail_closed'
    this.#lines = new MalformedLines(needs.clock, needs.logger)
    this.#lost = new Recency(needs.clock, needs.settings.healthWindowMs)
  }

  /** Whether the next dead letter is accepted. Always with fail-open, which may lose it. */
  get hasCapacity(): boolean {
    return !this.#isClosed || !this.#isFull
  }
  /** Bytes of unsettled dead letters. */
  get openBytes(): number {
    return this.#openBytes
  }
  /** Number of unsettled dead letters. */
  get openCount(): number {
    return this.#openCount
  }
  /** Dead letters that were lost within the window of health. */
  get lostCount(): number {
    return this.#lost.count()
  }
  /** How long sending has failed; undefined when the last request succeeded. */
  get failingMs(): number | undefined {
    if (this.#failingSinceMs === undefined) return undefined
    return this.#needs.clock.nowMs() - this.#failingSinceMs
  }

  /** Queues the dead letter of a record. Returns at once; never throws. */
  take(poison: Poison): void {
    const { partition, offset } = poison
    this.#lines.log(poison, () => traceId(this.#needs.topic, partition, offset))
    if (!this.#isClosed && this.#isFull) return this.#fail('backpressure', 1)
    const { clock, settings, topic } = this.#needs
    const { isDlqPayloadIncluded: isPayloadIncluded, payloadBytesMax } = settings
    const rules = { topic, isPayloadIncluded, payloadBytesMax }
    const deadLetter = deadLetterOf(poison, clock.unixMs(), rules)
    const { value: _, ...known } = poison
    this.#begin({ poison: known, deadLetter, bytes: bytesOf(deadLetter), takenMs: clock.nowMs() })
    this.#pumpSoon()
  }

  /** The offset up to which a partition may be committed, given the next one to read. */
  commitable(partition: number, next: bigint): bigint {
    let lowest = next
    for (const offset of this.#open.get(partition) ?? []) {
      if (offset < lowest) lowest = offset
    }
    return lowest
  }

  /** Settles when none is open: in time with fail-open, possibly never with fail-closed. */
  async flushed(): Promise<void> {
    this.#endPause()
    this.#pump()
    while (this.#openCount > 0) await this.#idle.promise
  }

  /** Stops retrying. Open dead letters stay uncommitted, and their records are read again. */
  close(): void {
    this.#endPause()
    this.#waiting = []
  }

  get #isFull(): boolean {
    return this.#openBytes >= this.#needs.settings.dlqWaitingBytesMax
  }

  /** At the end of the turn, so that the dead letters of a whole batch go together. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  /** One request in each turn of the event loop: writing a full one takes several ms. */
  #pump(): void {
    if (this.#retry !== undefined || this.#requests >= this.#needs.settings.dlqSendsMax) return
    const chunk = this.#nextChunk()
    if (chunk.length === 0) return
    this.#requests += 1
    void this.#send(chunk).finally(() => {
      this.#requests -= 1
      this.#pump()
    })
    if (this.#waiting.length === 0 || this.#isNextDue) return
    this.#isNextDue = true
    setImmediate(() => {
      this.#isNextDue = false
      this.#pump()
    })
  }

  #nextChunk(): readonly Open[] {
    let bytes = 0
    let count = 0
    for (const one of this.#waiting) {
      bytes += one.bytes
      if (count > 0 && (bytes > this.#chunkBytesMax || count >= requestDeadLettersMax)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #send(chunk: readonly Open[]): Promise<void> {
    const { producer, clock } = this.#needs
    try {
      const limitMs = this.#limitMs(chunk[0]!)
      if (limitMs <= 0) throw new DeadlineError('waiting dead letter', -limitMs)
      const deadLetters = chunk.map(({ deadLetter: { key, value } }) => ({ key, value }))
      await withDeadline(clock, limitMs, 'dead-letter send', () => producer.send(deadLetters))
    } catch (error) {
      return this.#refused(chunk, error)
    }
    this.#failingSinceMs = undefined
    this.#backoff.succeeded()
    for (const { poison } of chunk) {
      this.#needs.metrics.dlqSends.of({ error_type: poison.errorType }).add()
    }
    this.#needs.logger.debug({ count: chunk.length }, 'dead letters were sent')
    this.#settle(chunk)
  }

  /** With fail-open a dead letter is settled within the timeout, counted from its arrival. */
  #limitMs({ takenMs }: Open): number {
    const { clock, settings } = this.#needs
    const spentMs = this.#isClosed ? 0 : clock.nowMs() - takenMs
    return settings.dlqSendTimeoutMs - spentMs
  }

  #refused(chunk: readonly Open[], error: unknown): void {
    if (error instanceof DeadLettersTooLarge) {
      const smaller = this.#smaller(chunk)
      if (smaller !== undefined) {
        this.#waiting.unshift(...smaller)
        return
      }
    }
    this.#failingSinceMs ??= this.#needs.clock.nowMs()
    if (this.#isClosed) return this.#tryLater(chunk, error)
    const reason = isTimeout(error) ? 'timeout' : 'kafka_error'
    const { partition, offset } = chunk[0]!.poison
    const first = { partition, offset: String(offset) }
    this.#needs.logger.warn(
      { count: chunk.length, first, reason, err: error },
      'dead letters were lost',
    )
    this.#fail(reason, chunk.length)
    this.#settle(chunk)
  }

  /** What to try instead of a chunk that is too large: half of it, or the form without payload. */
  #smaller(chunk: readonly Open[]): readonly Open[] | undefined {
    const bytes = chunk.reduce((sum, one) => sum + one.bytes, 0)
    if (chunk.length > 1) {
      this.#chunkBytesMax = Math.max(1, Math.min(this.#chunkBytesMax, Math.floor(bytes / 2)))
      return chunk
    }
    const [{ deadLetter, ...open }] = chunk as readonly [Open]
    if (deadLetter.bare === undefined) return undefined
    const bare = { key: deadLetter.key, value: deadLetter.bare }
    const lighter = { ...open, deadLetter: bare, bytes: bytesOf(bare) }
    this.#openBytes += lighter.bytes - open.bytes
    return [lighter]
  }

  #tryLater(chunk: readonly Open[], error: unknown): void {
    const { clock, logger, metrics } = this.#needs
    metrics.dlqRetries.add()
    this.#waiting.unshift(...chunk)
    if (this.#retry !== undefined) return
    const waitMs = this.#backoff.failed()
    logger.warn({ open: this.#openCount, waitMs, err: error }, 'dead letters are retried')
    this.#retry = clock.after(waitMs, () => {
      this.#retry = undefined
      this.#pump()
    }, true)
  }

  #endPause(): void {
    this.#retry?.cancel()
    this.#retry = undefined
  }

  #fail(reason: 'timeout' | 'kafka_error' | 'backpressure', count: number): void {
    this.#lost.add(count)
    this.#needs.metrics.dlqSendFailures.of({ reason }).add(count)
  }

  #begin(open: Open): void {
    const { partition, offset } = open.poison
    const offsets = this.#open.get(partition) ?? new Set()
    this.#open.set(partition, offsets.add(offset))
    this.#openCount += 1
    this.#openBytes += open.bytes
    this.#wasFull ||= !this.hasCapacity
    this.#waiting.push(open)
  }

  #settle(chunk: readonly Open[]): void {
    for (const { poison, bytes } of chunk) {
      this.#open.get(poison.partition)?.delete(poison.offset)
      this.#openCount -= 1
      this.#openBytes -= bytes
    }
    this.#reportCapacity()
    if (this.#openCount > 0) return
    this.#idle.resolve()
    this.#idle = Promise.withResolvers()
  }

  /** At half of the limit, not just below it: else partitions would be paused again at once. */
  #reportCapacity(): void {
    if (!this.#wasFull || this.#openBytes > this.#needs.settings.dlqWaitingBytesMax / 2) return
    this.#wasFull = false
    this.#needs.onCapacity()
  }
}

const bytesOf = ({ key, value, bare = '' }: DeadLetter): number =>
  key.length + value.length + bare.length + recordBytes

const isTimeout = (error: unknown): boolean =>
  error instanceof DeadlineError ||
  (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError')

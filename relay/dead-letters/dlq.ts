/**
 * Dead letters: what a malformed record leaves behind, collected and sent many at a time. Two
 * modes. Fail-open: the stream goes on whatever becomes of the letter; it is counted exactly once,
 * as sent when Kafka has acknowledged it in time, or as failed with the reason. Fail-closed: a
 * letter is tried for ever, the offset of its record is not committed past before it is sent, and
 * no more are taken than there is room for.
 *
 * Bounded in requests under way and in bytes that wait or are under way.
 */
import { Recency } from '../health/recency.ts'
import { type Letter, letterOf, type Poison, traceId } from './dead-letter.ts'
import { MalformedLines } from './malformed-lines.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Logger } from '../adapters/logger.ts'
import type { Settings } from '../tables/settings.ts'
import { Backoff } from '../world/backoff.ts'
import type { Clock, Timer } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'

/** The broker takes no request, or no record, of this size. */
export class LettersTooLarge extends Error {
  override readonly name = 'LettersTooLarge'
}
export interface LetterBox {
  /**
   * @throws LettersTooLarge when fewer or smaller ones may pass
   * @throws when the broker did not acknowledge the letters
   */
  send(letters: readonly Pick<Letter, 'key' | 'value'>[]): Promise<void>
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
  readonly box: LetterBox
  /** There is room again after there was none. */
  onRoom(): void
}

/** Below what brokers take by default, with the frame around it. */
const requestBytesMax = 900_000
/** Letters of a request. */
const requestLettersMax = 1_000
/** What a record costs on the wire beside its key and value. */
const recordBytes = 32
const retry = { firstMs: 250, mostMs: 5_000 } as const

interface Open {
  readonly poison: Pick<Poison, 'partition' | 'offset' | 'errorType'>
  readonly letter: Letter
  readonly bytes: number
  readonly takenMs: number
}

export class DeadLetterQueue {
  readonly #needs: DlqNeeds
  readonly #isClosed: boolean
  readonly #backoff = new Backoff(retry)
  readonly #lines: MalformedLines
  /** Offsets of letters that are not settled, by partition: nothing past them is committed. */
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

  /** Whether the next letter is taken. Fail-open always says so, and may lose it. */
  get hasRoom(): boolean {
    return !this.#isClosed || !this.#isFull
  }
  /** Bytes of letters that are not settled. */
  get openBytes(): number {
    return this.#openBytes
  }
  /** Letters that are not settled. */
  get openCount(): number {
    return this.#openCount
  }
  /** Letters that were lost within the window of health. */
  get lostCount(): number {
    return this.#lost.count()
  }
  /** For how long letters have been sent in vain; undefined when the last ones got through. */
  get failingMs(): number | undefined {
    if (this.#failingSinceMs === undefined) return undefined
    return this.#needs.clock.nowMs() - this.#failingSinceMs
  }

  /** Takes the letter of a record. Returns at once; never throws. */
  take(poison: Poison): void {
    const { partition, offset } = poison
    this.#lines.log(poison, () => traceId(this.#needs.topic, partition, offset))
    if (!this.#isClosed && this.#isFull) return this.#fail('backpressure', 1)
    const { clock, settings, topic } = this.#needs
    const { isDlqPayloadIncluded: isPayloadIncluded, payloadBytesMax } = settings
    const rules = { topic, isPayloadIncluded, payloadBytesMax }
    const letter = letterOf(poison, clock.unixMs(), rules)
    const { value: _, ...known } = poison
    this.#begin({ poison: known, letter, bytes: bytesOf(letter), takenMs: clock.nowMs() })
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

  /** Settles when no letter is open: in time when fail-open, perhaps never when fail-closed. */
  async flushed(): Promise<void> {
    this.#endPause()
    this.#pump()
    while (this.#openCount > 0) await this.#idle.promise
  }

  /** Tries nothing again. What is open stays uncommitted, and its records are read again. */
  close(): void {
    this.#endPause()
    this.#waiting = []
  }

  get #isFull(): boolean {
    return this.#openBytes >= this.#needs.settings.dlqWaitingBytesMax
  }

  /** After the turn, so that the letters of a whole batch go together. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  /** One request in each turn of the event loop: to write a full one takes some milliseconds. */
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
      if (count > 0 && (bytes > this.#chunkBytesMax || count >= requestLettersMax)) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #send(chunk: readonly Open[]): Promise<void> {
    const { box, clock } = this.#needs
    try {
      const limitMs = this.#limitMs(chunk[0]!)
      if (limitMs <= 0) throw new DeadlineError('waiting dead letter', -limitMs)
      const letters = chunk.map(({ letter: { key, value } }) => ({ key, value }))
      await withDeadline(clock, limitMs, 'dead-letter send', () => box.send(letters))
    } catch (error) {
      return this.#refused(chunk, error)
    }
    this.#failingSinceMs = undefined
    this.#backoff.succeeded()
    for (const { poison } of chunk) {
      this.#needs.metrics.dlqSends.of({ error_type: poison.errorType }).add()
    }
    this.#needs.logger.debug({ letters: chunk.length }, 'dead letters were sent')
    this.#settle(chunk)
  }

  /** Fail-open, a letter is settled within the timeout of its taking, wherever it waits. */
  #limitMs({ takenMs }: Open): number {
    const { clock, settings } = this.#needs
    const spentMs = this.#isClosed ? 0 : clock.nowMs() - takenMs
    return settings.dlqSendTimeoutMs - spentMs
  }

  #refused(chunk: readonly Open[], error: unknown): void {
    if (error instanceof LettersTooLarge) {
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
      { letters: chunk.length, first, reason, err: error },
      'dead letters were lost',
    )
    this.#fail(reason, chunk.length)
    this.#settle(chunk)
  }

  /** What to try instead of a chunk that is too large: half of it, or its letter's bare form. */
  #smaller(chunk: readonly Open[]): readonly Open[] | undefined {
    const bytes = chunk.reduce((sum, one) => sum + one.bytes, 0)
    if (chunk.length > 1) {
      this.#chunkBytesMax = Math.max(1, Math.min(this.#chunkBytesMax, Math.floor(bytes / 2)))
      return chunk
    }
    const [{ letter, ...open }] = chunk as readonly [Open]
    if (letter.bare === undefined) return undefined
    const bare = { key: letter.key, value: letter.bare }
    const lighter = { ...open, letter: bare, bytes: bytesOf(bare) }
    this.#openBytes += lighter.bytes - open.bytes
    return [lighter]
  }

  #tryLater(chunk: readonly Open[], error: unknown): void {
    const { clock, logger, metrics } = this.#needs
    metrics.dlqRetries.add()
    this.#waiting.unshift(...chunk)
    if (this.#retry !== undefined) return
    const waitMs = this.#backoff.failed()
    logger.warn({ open: this.#openCount, waitMs, err: error }, 'dead letters are tried again')
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
    this.#wasFull ||= !this.hasRoom
    this.#waiting.push(open)
  }

  #settle(chunk: readonly Open[]): void {
    for (const { poison, bytes } of chunk) {
      this.#open.get(poison.partition)?.delete(poison.offset)
      this.#openCount -= 1
      this.#openBytes -= bytes
    }
    this.#tellRoom()
    if (this.#openCount > 0) return
    this.#idle.resolve()
    this.#idle = Promise.withResolvers()
  }

  /** Half empty, not one letter below full: else partitions would stop again at once. */
  #tellRoom(): void {
    if (!this.#wasFull || this.#openBytes > this.#needs.settings.dlqWaitingBytesMax / 2) return
    this.#wasFull = false
    this.#needs.onRoom()
  }
}

const bytesOf = ({ key, value, bare = '' }: Letter): number =>
  key.length + value.length + bare.length + recordBytes

const isTimeout = (error: unknown): boolean =>
  error instanceof DeadlineError ||
  (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError')

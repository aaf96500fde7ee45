/**
 * Dead letters: what a malformed record leaves behind. Fail-open: the stream goes on whatever
 * becomes of the letter, but every letter is counted exactly once, as sent when Kafka has
 * acknowledged it, or as failed with the reason. Bounded in letters under way; each send has a
 * deadline, and a late acknowledgement changes nothing any more.
 */
import { createHash } from 'node:crypto'
import type { Metrics } from './metrics.ts'
import type { ErrorType } from '../proto/codec.ts'
import type { Logger } from './adapters/logger.ts'
import type { Settings } from './tables/settings.ts'
import type { Clock } from './world/clock.ts'
import { DeadlineError, withDeadline } from './world/deadline.ts'

/** What is known of a malformed record when it is found. */
export interface Poison {
  readonly partition: number
  readonly offset: bigint
  readonly value: Buffer
  readonly errorType: ErrorType
  readonly says: string
  /** Records taken so far. */
  readonly messageCount: number
}
/** A record for the dead-letter topic. */
export interface Letter {
  readonly key: string
  readonly value: string
}
export interface LetterBox {
  /** @throws when the broker did not acknowledge the letters */
  send(letters: readonly Letter[]): Promise<void>
}
export interface DlqNeeds {
  readonly settings: Pick<Settings, 'dlqSendTimeoutMs' | 'dlqSendsMax' | 'isDlqPayloadIncluded'>
  readonly topic: string
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly box: LetterBox
}

const edgeBytes = 16
/** Brokers take records up to 1 MB by default; base64 and the other fields must fit as well. */
const payloadBytesMax = 700_000

export class DeadLetterQueue {
  readonly #needs: DlqNeeds
  /** Offsets of letters under way, by partition: what they came from may not be committed yet. */
  readonly #underWay = new Map<number, Set<bigint>>()
  #count = 0
  #idle = Promise.withResolvers<void>()

  constructor(needs: DlqNeeds) {
    this.#needs = needs
  }

  /** Sends the letter of a record. Returns at once; never throws. */
  take(poison: Poison): void {
    if (this.#count >= this.#needs.settings.dlqSendsMax) {
      this.#needs.metrics.dlqSendFailures.of({ reason: 'backpressure' }).add()
      return
    }
    this.#begin(poison)
    void this.#send(poison).finally(() => this.#end(poison))
  }

  /** The offset up to which a partition may be committed, given the next one to read. */
  commitable(partition: number, next: bigint): bigint {
    let lowest = next
    for (const offset of this.#underWay.get(partition) ?? []) {
      if (offset < lowest) lowest = offset
    }
    return lowest
  }

  /** Settles when no letter is under way; each is bounded by its own deadline. */
  async flushed(): Promise<void> {
    while (this.#count > 0) await this.#idle.promise
  }

  async #send(poison: Poison): Promise<void> {
    const { box, clock, logger, metrics, settings, topic } = this.#needs
    const letter = letterOf(poison, topic, clock.unixMs(), settings.isDlqPayloadIncluded)
    const where = { partition: poison.partition, offset: String(poison.offset), key: letter.key }
    try {
      const work = () => box.send([letter])
      await withDeadline(clock, settings.dlqSendTimeoutMs, 'dead-letter send', work)
      metrics.dlqSends.of({ error_type: poison.errorType }).add()
      logger.debug({ ...where, error_type: poison.errorType }, poison.says)
    } catch (error) {
      const reason = isTimeout(error) ? 'timeout' : 'kafka_error'
      metrics.dlqSendFailures.of({ reason }).add()
      logger.warn({ ...where, reason, err: error }, 'a dead letter was lost')
    }
  }

  #begin({ partition, offset }: Poison): void {
    this.#count += 1
    const offsets = this.#underWay.get(partition) ?? new Set()
    this.#underWay.set(partition, offsets.add(offset))
  }

  #end({ partition, offset }: Poison): void {
    this.#count -= 1
    this.#underWay.get(partition)?.delete(offset)
    if (this.#count > 0) return
    this.#idle.resolve()
    this.#idle = Promise.withResolvers()
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof DeadlineError ||
  (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError')

/** The letter, in DashFlow's fields. A record that is read again gets the same key again. */
export function letterOf(
  poison: Poison,
  topic: string,
  nowMs: number,
  isPayloadIncluded: boolean,
): Letter {
  const { partition, offset, value, errorType } = poison
  const key = traceId(topic, partition, offset)
  const hash = createHash('sha256').update(value).digest('hex')
  return {
    key,
    value: JSON.stringify({
      trace_id: key,
      timestamp: new Date(nowMs).toISOString(),
      error: poison.says,
      error_type: errorType,
      payload_sha256: hash,
      ...payloadFields(poison, hash, isPayloadIncluded),
      message_size: value.length,
      first_bytes_hex: hexList(value.subarray(0, edgeBytes)),
      last_bytes_hex: value.length < edgeBytes ? '' : hexList(value.subarray(-edgeBytes)),
      kafka_partition: partition,
      kafka_offset: exactly(offset),
      message_count: poison.messageCount,
      thread_id: null,
      tenant_id: null,
    }),
  }
}

function payloadFields({ value, errorType }: Poison, hash: string, isIncluded: boolean) {
  const omitted = (note: string) => ({
    original_payload_base64: null,
    payload_truncation_note: `${note} SHA256: ${hash}.`,
  })
  if (errorType === 'payload_too_large' || (isIncluded && value.length > payloadBytesMax)) {
    return omitted(
      `Payload too large (${value.length} bytes); ` +
        'not base64-encoded to prevent memory amplification.',
    )
  }
  if (!isIncluded) {
    return omitted(
      'Full payload omitted for security. Set DLQ_INCLUDE_FULL_PAYLOAD=true to include.',
    )
  }
  return { original_payload_base64: value.toString('base64'), payload_truncation_note: null }
}

/** A UUID that depends on the record only. */
function traceId(topic: string, partition: number, offset: bigint): string {
  const hash = createHash('sha256').update(`${topic}/${partition}/${offset}`).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${parts.join('-')}-${hex.slice(20, 32)}`
}

/** A JSON number with all its digits, which a double would not keep. */
const exactly = (integer: bigint): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(integer))

const hexList = (bytes: Buffer): string =>
  `[${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(', ')}]`

/**
 * The content of a dead letter, in DashFlow's fields and words. Pure: the same record, read again,
 * makes the same dead letter under the same key.
 */
import { createHash } from 'node:crypto'
import type { ErrorType } from '../../proto/codec.ts'

/** A malformed record and why it is malformed. */
export interface Poison {
  readonly partition: number
  readonly offset: bigint
  /** Set when it stands for a batch whose records cannot be read. */
  readonly lastOffset?: bigint
  readonly value: Buffer
  readonly errorType: ErrorType
  readonly says: string
  /** The record's thread, where its header could be read. */
  readonly thread?: string
  /** Records read so far. */
  readonly messageCount: number
}
/** A record for the dead-letter topic. */
export interface DeadLetter {
  readonly key: string
  readonly value: string
  /** The value without the payload, in case the broker refuses the full one. */
  readonly bare?: string
}
/** Rules for the payload of a dead letter. */
export interface DeadLetterRules {
  /** Topic of the record. */
  readonly topic: string
  readonly isPayloadIncluded: boolean
  /** A record above this is oversized: its payload is never included. */
  readonly payloadBytesMax: number
}

const edgeBytes = 16
/** Brokers accept records of up to about 1 MiB by default; base64 and other fields must fit. */
const includedBytesMax = 700_000

/** The key depends on the record only, so that consumers can detect duplicates. */
export function deadLetterOf(poison: Poison, nowMs: number, rules: DeadLetterRules): DeadLetter {
  const { partition, offset, value } = poison
  const key = traceId(rules.topic, partition, offset)
  const hash = createHash('sha256').update(value).digest('hex')
  const json = (payload: PayloadFields) =>
    JSON.stringify(fieldsOf(poison, key, hash, nowMs, payload, rules))
  const payload = payloadOf(poison, hash, rules)
  const full = json(payload)
  if (payload.original_payload_base64 === null) return { key, value: full }
  return { key, value: full, bare: json(omitted(tooLargeNote(hash))) }
}

function fieldsOf(
  poison: Poison,
  key: string,
  hash: string,
  nowMs: number,
  payload: PayloadFields,
  { payloadBytesMax }: DeadLetterRules,
) {
  const { value, errorType } = poison
  const isOversized = isTooLong(poison, payloadBytesMax)
  return {
    trace_id: key,
    timestamp: new Date(nowMs).toISOString(),
    error: isOversized
      ? `Payload size ${value.length} exceeds maximum ${payloadBytesMax}`
      : poison.says,
    error_type: errorType,
    payload_sha256: hash,
    ...payload,
    message_size: value.length,
    first_bytes_hex: hexList(value.subarray(0, edgeBytes)),
    last_bytes_hex: value.length < edgeBytes ? '' : hexList(value.subarray(-edgeBytes)),
    kafka_partition: poison.partition,
    kafka_offset: exactly(poison.offset),
    ...(poison.lastOffset !== undefined && { kafka_last_offset: exactly(poison.lastOffset) }),
    message_count: poison.messageCount,
    ...(!isOversized && { thread_id: poison.thread ?? null, tenant_id: null }),
  }
}

interface PayloadFields {
  readonly original_payload_base64: string | null
  readonly payload_truncation_note: string | null
}
const omitted = (note: string): PayloadFields => ({
  original_payload_base64: null,
  payload_truncation_note: note,
})
const tooLargeNote = (hash: string) =>
  `Payload omitted: with it the dead letter is larger than the broker accepts. SHA256: ${hash}.`

/** Whether the stored bytes are too long; one that is too long only when unpacked is included. */
const isTooLong = (
  { errorType, lastOffset, value }: Poison,
  payloadBytesMax: number,
): boolean =>
  errorType === 'payload_too_large' && value.length > payloadBytesMax && lastOffset === undefined

function payloadOf(poison: Poison, hash: string, rules: DeadLetterRules): PayloadFields {
  const { value } = poison
  if (isTooLong(poison, rules.payloadBytesMax)) {
    return omitted(
      `Payload too large (${value.length} bytes); not base64-encoded to prevent memory ` +
        `amplification. SHA256: ${hash}. ` +
        'DLQ_INCLUDE_FULL_PAYLOAD does not apply to oversized payloads.',
    )
  }
  if (!rules.isPayloadIncluded) {
    return omitted(
      `Full payload omitted for security. SHA256: ${hash}. ` +
        'Set DLQ_INCLUDE_FULL_PAYLOAD=true to include.',
    )
  }
  if (value.length > includedBytesMax) return omitted(tooLargeNote(hash))
  return { original_payload_base64: value.toString('base64'), payload_truncation_note: null }
}

/** A UUID that depends on the record only. */
export function traceId(topic: string, partition: number, offset: bigint): string {
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

/**
 * Messages in the formats before Kafka 0.11, which old logs still hold and brokers still send
 * unchanged. A compressed one holds others, and its own offset is that of the last of them.
 */
import { corrupt } from './faults.ts'

export interface OldMessage {
  readonly format: 0 | 1
  readonly offset: bigint
  readonly codec: number
  /** Milliseconds since 1970; -1 where the format has none. */
  readonly timestamp: bigint
  readonly isStampedByBroker: boolean
  readonly key: Buffer | null
  /** Of a compressed one, the messages that it holds. */
  readonly value: Buffer | null
}

/** Offset, length, checksum, format: the bytes before the attributes. */
const attributesAt = 17
const prefixBytes = 12
const stampBytes = 8

/**
 * @param bytes the whole message, with offset and length
 * @throws UnpackError
 */
export function oldMessageOf(bytes: Buffer): OldMessage {
  const format = bytes[attributesAt - 1] === 0 ? 0 : 1
  const attributes = bytes[attributesAt]!
  const keyAt = attributesAt + 1 + (format === 1 ? stampBytes : 0)
  const key = field(bytes, keyAt)
  const valueAt = keyAt + 4 + (key?.length ?? 0)
  return {
    format,
    offset: bytes.readBigInt64BE(0),
    codec: attributes & 0x07,
    timestamp: format === 1 ? bytes.readBigInt64BE(attributesAt + 1) : -1n,
    isStampedByBroker: (attributes & 0x08) !== 0,
    key,
    value: field(bytes, valueAt),
  }
}

/**
 * The messages in a compressed one, with their own offsets.
 *
 * @param content its unpacked value
 * @throws UnpackError
 */
export function messagesIn(content: Buffer, packed: OldMessage): OldMessage[] {
  const messages: OldMessage[] = []
  for (let at = 0; at < content.length; ) {
    if (at + attributesAt >= content.length) throw corrupt('a message in it is cut off')
    const end = at + prefixBytes + content.readInt32BE(at + 8)
    if (end <= at + attributesAt || end > content.length) throw corrupt('a message is cut off')
    messages.push(oldMessageOf(content.subarray(at, end)))
    at = end
  }
  const last = messages.at(-1)
  if (last === undefined) throw corrupt('it holds no message')
  if (messages.some(({ codec }) => codec !== 0)) throw corrupt('it is compressed twice')
  // Since format 1 they are numbered from 0 within the compressed one.
  const base = packed.format === 1 ? packed.offset - last.offset : 0n
  const { isStampedByBroker, timestamp } = packed
  let before = -1n
  return messages.map((one) => {
    const offset = base + one.offset
    if (offset <= before || offset > packed.offset) throw corrupt('its offsets do not ascend')
    before = offset
    return { ...one, offset, timestamp: isStampedByBroker ? timestamp : one.timestamp }
  })
}

/** Bytes after their length; -1 means null. */
function field(bytes: Buffer, at: number): Buffer | null {
  if (at + 4 > bytes.length) throw corrupt('a field is cut off')
  const length = bytes.readInt32BE(at)
  if (length < 0) return null
  const end = at + 4 + length
  if (end > bytes.length) throw corrupt('a field is cut off')
  return bytes.subarray(at + 4, end)
}

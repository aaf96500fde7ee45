/**
 * Server frames of the WebSocket protocol, as bytes. A server never masks, so every client gets
 * the same bytes, and a record can be framed once for all of them. Nothing is ever fragmented.
 */

import { cursorText } from '../../proto/control.ts'

const fin = 0x80
/** Opcodes that a server of this protocol sends. */
export const opcodes = { text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const
/** RFC 6455: a control frame holds at most this many bytes. */
export const controlFrameBytesMax = 125

/** Bytes that the header of an unmasked frame takes. */
export const headerBytes = (payloadBytes: number): number =>
  payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10

/** Writes the header of an unmasked, unfragmented frame at `at`; returns where the payload goes. */
export function writeHeader(
  target: Buffer,
  at: number,
  opcode: number,
  payloadBytes: number,
): number {
  target[at] = fin | opcode
  if (payloadBytes < 126) {
    target[at + 1] = payloadBytes
    return at + 2
  }
  if (payloadBytes < 65_536) {
    target[at + 1] = 126
    target.writeUInt16BE(payloadBytes, at + 2)
    return at + 4
  }
  target[at + 1] = 127
  target.writeUInt32BE(Math.floor(payloadBytes / 0x1_0000_0000), at + 2)
  target.writeUInt32BE(payloadBytes % 0x1_0000_0000, at + 6)
  return at + 10
}

/** One whole frame in its own buffer. */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  bytes.set(payload, writeHeader(bytes, 0, opcode, payload.length))
  return bytes
}

/** A text frame with one JSON object: every frame of the protocol that is not a record. */
export const jsonFrame = (value: Readonly<Record<string, unknown>>): Buffer =>
  frame(opcodes.text, Buffer.from(JSON.stringify(value)))

/** A close frame. The reason is cut to what a control frame holds, at a character's boundary. */
export function closeFrame(code: number, reason: string): Buffer {
  const payload = Buffer.allocUnsafe(controlFrameBytesMax)
  payload.writeUInt16BE(code, 0)
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2))
  return frame(opcodes.close, payload.subarray(0, 2 + written))
}

/** Two headers and the longest cursor text that 32-bit partitions and 64-bit offsets can make. */
const overheadBytesMax = 2 + 71 + 10
/** Upper bound of the bytes of a record on the wire. */
export const recordBytesMax = (valueBytes: number): number => overheadBytesMax + valueBytes

/**
 * Writes a record as clients get it, the cursor frame and the binary frame with the unchanged
 * Kafka value, and returns the end. The value ends where the record ends.
 */
export function writeRecord(
  target: Buffer,
  at: number,
  partition: number,
  offset: bigint,
  value: Uint8Array,
): number {
  const text = cursorText(partition, offset)
  const textAt = writeHeader(target, at, opcodes.text, text.length)
  target.write(text, textAt, 'latin1')
  const valueAt = writeHeader(target, textAt + text.length, opcodes.binary, value.length)
  target.set(value, valueAt)
  return valueAt + value.length
}

/** A record in its own buffer, as replays send it. */
export function recordFrames(partition: number, offset: bigint, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(recordBytesMax(value.length))
  return bytes.subarray(0, writeRecord(bytes, 0, partition, offset, value))
}

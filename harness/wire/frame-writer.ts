/**
 * The frames a client sends: masked, as RFC 6455 requires of clients, built for one socket write.
 * By hand, because `ws` sends only valid frames, and hostile clients send invalid ones.
 */

export const clientOpcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
export type ClientOpcode = keyof typeof clientOpcode

/**
 * One whole frame.
 *
 * @param mask four bytes; they protect proxies from scripts in browsers: here a fixed one is enough
 */
export function maskedFrame(kind: ClientOpcode, payload: Buffer, mask: Buffer): Buffer {
  const length = payload.length
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const frame = Buffer.allocUnsafe(2 + lengthBytes + 4 + length)
  frame[0] = 0x80 | clientOpcode[kind]
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2)
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  const at = 2 + lengthBytes
  mask.copy(frame, at, 0, 4)
  for (let i = 0; i < length; i += 1) frame[at + 4 + i] = payload[i]! ^ mask[i & 3]!
  return frame
}

/** A text frame of `text`. */
export function textFrame(text: string, mask: Buffer): Buffer {
  return maskedFrame('text', Buffer.from(text), mask)
}

/** A close frame with a code and no reason. */
export function closeFrame(code: number, mask: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(2)
  payload.writeUInt16BE(code)
  return maskedFrame('close', payload, mask)
}

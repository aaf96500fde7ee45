/** Reads wire bytes back, for tests: what a client would see of a replay. */

/** One thing a client sees: a control frame as an object, or a record. */
export type Seen =
  | { readonly type: 'record'; partition: number; offset: bigint; value: Buffer }
  | { readonly type: string; readonly [key: string]: unknown }

interface CursorBody {
  readonly type: string
  readonly partition: number
  readonly offset: string
}

/** @throws when the bytes are not whole frames, or a record has no cursor before it */
export function readFrames(bytes: Buffer): Seen[] {
  const seen: Seen[] = []
  let cursor: { partition: number; offset: bigint } | undefined
  for (let at = 0; at < bytes.length; ) {
    const { opcode, payload, end } = readFrame(bytes, at)
    at = end
    if (opcode === 2) {
      if (cursor === undefined) throw new Error('a record without a cursor')
      seen.push({ type: 'record', ...cursor, value: payload })
      cursor = undefined
      continue
    }
    if (cursor !== undefined) throw new Error('a cursor without its record')
    const body = JSON.parse(payload.toString()) as CursorBody
    if (body.type !== 'cursor') seen.push(body as unknown as Seen)
    else cursor = { partition: body.partition, offset: BigInt(body.offset) }
  }
  if (cursor !== undefined) throw new Error('a cursor without its record')
  return seen
}

function readFrame(bytes: Buffer, at: number) {
  const start = at + headerBytes(bytes[at + 1]!)
  const end = start + payloadBytes(bytes, at + 1)
  if (end > bytes.length) throw new Error('a chunk ends inside a frame')
  return { opcode: bytes[at]! & 0x0f, payload: bytes.subarray(start, end), end }
}

const headerBytes = (length: number) => (length < 126 ? 2 : length === 126 ? 4 : 10)

function payloadBytes(bytes: Buffer, at: number): number {
  const length = bytes[at]!
  if (length < 126) return length
  return length === 126 ? bytes.readUInt16BE(at + 1) : Number(bytes.readBigUInt64BE(at + 1))
}

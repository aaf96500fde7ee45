/**
 * Recognises the cursor frame that precedes every record. It is half of all frames a client gets,
 * so the two spellings that relays are known to send are compared byte by byte; any other order of
 * keys or whitespace is read as JSON, slower and to the same effect.
 */

/** A cursor as it was read; one of them is reused for every frame of a connection. */
export interface Cursor {
  partition: number
  /** Exact: a larger offset than 2^53 - 1 is not read as a cursor. */
  offset: number
}

const ours = ['{"type":"cursor","partition":', ',"offset":"', '"}'].map(ascii)
const sorted = ['{"offset":"', '","partition":', ',"type":"cursor"}'].map(ascii)
/** Fifteen digits are always below 2^53. */
const digitsMax = 15

/**
 * Whether `bytes[start..end)` is a cursor frame in one of the two common spellings; fills `into`
 * if so. `false` says nothing about other spellings: see `cursorOf`.
 */
export function readCursor(bytes: Buffer, start: number, end: number, into: Cursor): boolean {
  return readSpelling(bytes, start, end, into, ours, true) ||
    readSpelling(bytes, start, end, into, sorted, false)
}

function readSpelling(
  bytes: Buffer,
  start: number,
  end: number,
  into: Cursor,
  parts: readonly Buffer[],
  isPartitionFirst: boolean,
): boolean {
  const head = parts[0]!
  if (!startsWith(bytes, start, end, head)) return false
  const first = start + head.length
  const firstEnd = digitsEnd(bytes, first, end)
  const middle = parts[1]!
  if (firstEnd === first || !startsWith(bytes, firstEnd, end, middle)) return false
  const second = firstEnd + middle.length
  const secondEnd = digitsEnd(bytes, second, end)
  const tail = parts[2]!
  if (secondEnd === second || secondEnd + tail.length !== end) return false
  if (!startsWith(bytes, secondEnd, end, tail)) return false
  const a = numberAt(bytes, first, firstEnd)
  const b = numberAt(bytes, second, secondEnd)
  into.partition = isPartitionFirst ? a : b
  into.offset = isPartitionFirst ? b : a
  return true
}

/** The cursor in a parsed frame of type `cursor`, or why it is none. */
export function cursorOf(frame: Readonly<Record<string, unknown>>): Cursor | string {
  const { partition, offset } = frame
  if (!(Number.isInteger(partition) && (partition as number) >= 0)) return 'cursor-partition'
  if (typeof offset !== 'string' || !/^\d{1,19}$/.test(offset)) return 'cursor-offset'
  const exact = Number(offset)
  if (!Number.isSafeInteger(exact)) return 'cursor-offset-too-large'
  return { partition: partition as number, offset: exact }
}

function startsWith(bytes: Buffer, start: number, end: number, wanted: Buffer): boolean {
  const length = wanted.length
  if (start + length > end) return false
  for (let at = 0; at < length; at += 1) {
    if (bytes[start + at] !== wanted[at]) return false
  }
  return true
}

/** Where the digits that begin at `start` end; `start` itself if there are none or too many. */
function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) at += 1
  const isJsonNumber = at - start === 1 || bytes[start] !== 48
  return at - start <= digitsMax && isJsonNumber ? at : start
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at += 1) value = value * 10 + bytes[at]! - 48
  return value
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

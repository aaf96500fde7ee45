/**
 * Blocks: the unit in which records are kept in Redis, and the layout of the keys.
 *
 *   dashstream-replay:{<namespace>}:epoch               string: the epoch of the buffer
 *   dashstream-replay:{<namespace>}:partitions          set: every partition that has a stream
 *   dashstream-replay:{<namespace>}:partition:<p>       stream: the blocks of a partition
 *   dashstream-replay:{<namespace>}:partition:<p>:sizes list: for each block of the stream
 *       `<last offset> <when, ms> <bytes> <records> <bytes before> <records before> <first offset>`
 *
 * The braces are a hash tag: in a Redis Cluster all keys of a namespace are on one node, where one
 * script can change them in one step.
 *
 * An entry of a stream is a block: its id is `<last offset>-1` (a stream takes no id 0-0), its
 * fields are `from` with the block's first offset, `count` with its records, `index` with
 * `<offset - from>:<bytes>` of each record, and `values`, the unchanged Kafka values one after the
 * other. A block covers every offset from `from` to its id: one that is not in the index holds no
 * record for clients. Ids ascend, so Redis refuses a block that it already has, and the order never
 * depends on a double.
 *
 * A block is small or a single record. The sizes show, in the same round trip as a write, which
 * blocks exceed the bounds in records, bytes and age. No key lives longer than the TTL after it was
 * last written.
 */
import type { Stretch } from './stretch.ts'

const overheadBytes = 64

/** Names of the keys of one namespace. */
export function keysOf(namespace: string) {
  const prefix = `dashstream-replay:{${namespace}}`
  return {
    epoch: `${prefix}:epoch`,
    partitions: `${prefix}:partitions`,
    /** Always empty: the target of a write that changes nothing, to probe for the primary. */
    nothing: `${prefix}:nothing`,
    stream: (partition: number) => `${prefix}:partition:${partition}`,
    sizes: (partition: number) => `${prefix}:partition:${partition}:sizes`,
  }
}
export type Keys = ReturnType<typeof keysOf>

export interface StoredRecord {
  readonly offset: bigint
  readonly value: Buffer
}

/** Records of one partition, without an unexplained gap between `first` and `last`. */
export interface Block {
  readonly partition: number
  readonly first: bigint
  readonly last: bigint
  readonly records: readonly StoredRecord[]
}
/** A block that is still being filled. */
export interface OpenBlock extends Block {
  last: bigint
  readonly records: StoredRecord[]
  /** Bytes in memory and on the wire: an upper estimate. */
  bytes: number
}
export interface BlockBounds {
  readonly bytesMax: number
  readonly recordsMax: number
}

/** Bytes that a stretch adds to a block. */
export const bytesOf = ({ value }: Stretch): number => overheadBytes + (value?.length ?? 0)

/** A block of one stretch. */
export function beginBlock(partition: number, stretch: Stretch): OpenBlock {
  const { first, last } = stretch
  const block: OpenBlock = { partition, first, last, records: [], bytes: 0 }
  fill(block, stretch)
  return block
}

/** Adds the next stretch; false if there is a gap before it or the block is full. */
export function extendBlock(block: OpenBlock, stretch: Stretch, bounds: BlockBounds): boolean {
  if (stretch.first !== block.last + 1n) return false
  if (block.bytes + bytesOf(stretch) > bounds.bytesMax) return false
  if (stretch.value !== undefined && block.records.length >= bounds.recordsMax) return false
  fill(block, stretch)
  return true
}

function fill(block: OpenBlock, stretch: Stretch): void {
  const { first, last, value } = stretch
  block.last = last
  block.bytes += bytesOf(stretch)
  if (value !== undefined) block.records.push({ offset: first, value })
}

/** Number of records in blocks. */
export const recordsOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { records }) => sum + records.length, 0)

/** The lowest id that a block ending at or after this offset can have. */
export const idFrom = (offset: bigint): string => `${offset}-0`

/** A block as arguments of the script that writes it. */
export function encodeBlock({ first, last, records }: Block): (string | Buffer)[] {
  const index: string[] = []
  const values: Buffer[] = []
  for (const { offset, value } of records) {
    index.push(`${offset - first}:${value.length}`)
    values.push(value)
  }
  const joined = values.length === 1 ? values[0]! : Buffer.concat(values)
  return [String(last), String(first), String(records.length), index.join(' '), joined]
}

/**
 * Reads an entry as Redis returns it: the id and the flat list of fields.
 *
 * @throws TypeError when another program wrote it
 */
export function decodeBlock(partition: number, entry: unknown): Block {
  if (!Array.isArray(entry)) throw foreign('no entry')
  const [id, fields] = entry as readonly unknown[]
  if (!Buffer.isBuffer(id) || !isFields(fields)) throw foreign('a malformed entry')
  const [name, from, , , , index, , values] = fields
  if (name?.toString() !== 'from') throw foreign('an entry without `from`')
  if (index === undefined || values === undefined) throw foreign('an entry without `values`')
  const first = offsetOf(from!)
  return { partition, first, last: offsetOf(id), records: cut(first, index, values) }
}

/** The records of a block: views of its values. */
function cut(first: bigint, index: Buffer, values: Buffer): StoredRecord[] {
  const records: StoredRecord[] = []
  let at = 0
  for (const place of index.toString('latin1').split(' ')) {
    if (place === '') continue
    const [, delta, length] = /^(\d{1,19}):(\d{1,10})$/.exec(place) ?? []
    if (delta === undefined) throw foreign('an index that cannot be read')
    const end = at + Number(length)
    records.push({ offset: first + BigInt(delta), value: values.subarray(at, end) })
    at = end
  }
  if (at !== values.length) throw foreign('values that do not fit their index')
  return records
}

const isFields = (fields: unknown): fields is readonly Buffer[] =>
  Array.isArray(fields) && fields.length >= 2 && fields.every((one) => Buffer.isBuffer(one))

/** The offset that a text or an id begins with. */
export function offsetOf(text: Buffer): bigint {
  const digits = text.toString('latin1').split('-', 1)[0]!
  if (!/^\d{1,20}$/.test(digits)) throw foreign('an offset that is not a number')
  return BigInt(digits)
}

const foreign = (found: string) =>
  new TypeError(`a replay stream holds ${found}: another program writes to its key`)

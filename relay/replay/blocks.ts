/**
 * Blocks: the unit in which records are kept in Redis, and the layout of the keys.
 *
 *   dashstream-replay:<namespace>:epoch           string: the epoch of the buffer
 *   dashstream-replay:<namespace>:partitions      set: every partition that has a stream
 *   dashstream-replay:<namespace>:partition:<p>   stream: the blocks of a partition
 *
 * An entry of a stream is a block: its id is `<last offset>-1` (a stream takes no id 0-0), its
 * fields are `from` with the block's first offset, then for each record its offset and the
 * unchanged Kafka value. A block answers for every offset from `from` to its id: one that has no
 * field is a natural hole. Ids ascend by themselves, so Redis refuses what it already has, and the
 * order never depends on a double. All keys expire; a stream is trimmed by offset.
 */
import type { Stretch } from './memory.ts'

const overheadBytes = 64

/** Names of the keys of one namespace. */
export function keysOf(namespace: string) {
  const prefix = `dashstream-replay:${namespace}`
  return {
    epoch: `${prefix}:epoch`,
    partitions: `${prefix}:partitions`,
    stream: (partition: number) => `${prefix}:partition:${partition}`,
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
  /** What it costs in memory and on the wire, roughly. */
  bytes: number
}

/** A block of one stretch. */
export function beginBlock(partition: number, stretch: Stretch): OpenBlock {
  const { first, last } = stretch
  const block: OpenBlock = { partition, first, last, records: [], bytes: 0 }
  fill(block, stretch)
  return block
}

/** Adds the stretch that follows; false if there is a gap before it or the block is full. */
export function extendBlock(block: OpenBlock, stretch: Stretch, bytesMax: number): boolean {
  if (stretch.first !== block.last + 1n || block.bytes >= bytesMax) return false
  fill(block, stretch)
  return true
}

function fill(block: OpenBlock, { first, last, value }: Stretch): void {
  block.last = last
  block.bytes += overheadBytes + (value?.length ?? 0)
  if (value !== undefined) block.records.push({ offset: first, value })
}

/** The id of the block that ends with this offset. */
export const idOf = (lastOffset: bigint): string => `${lastOffset}-1`
/** The lowest id that a block ending at or after this offset can have. */
export const idFrom = (offset: bigint): string => `${offset}-0`

/** The arguments of the XADD command that follow key and options. */
export function encodeBlock(block: Block): (string | Buffer)[] {
  const fields: (string | Buffer)[] = [idOf(block.last), 'from', String(block.first)]
  for (const { offset, value } of block.records) fields.push(String(offset), value)
  return fields
}

/**
 * Reads an entry as Redis gives it: the id and the flat list of fields.
 *
 * @throws TypeError when something else than this relay wrote it
 */
export function decodeBlock(partition: number, entry: unknown): Block {
  if (!Array.isArray(entry)) throw foreign('no entry')
  const [id, fields] = entry as readonly unknown[]
  if (!Buffer.isBuffer(id) || !isFields(fields)) throw foreign('an odd entry')
  const [name, from, ...pairs] = fields
  if (name?.toString() !== 'from') throw foreign('an entry without `from`')
  const records: StoredRecord[] = []
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    records.push({ offset: offsetOf(pairs[at]!), value: pairs[at + 1]! })
  }
  return { partition, first: offsetOf(from!), last: offsetOf(id), records }
}

const isFields = (fields: unknown): fields is readonly Buffer[] =>
  Array.isArray(fields) && fields.length >= 2 && fields.every((one) => Buffer.isBuffer(one))

/** The offset that a text or an id begins with. */
export function offsetOf(text: Buffer): bigint {
  const digits = text.toString('latin1').split('-', 1)[0]!
  if (!/^\d{1,20}$/.test(digits)) throw foreign('an offset that is no number')
  return BigInt(digits)
}

const foreign = (found: string) =>
  new TypeError(`a replay stream holds ${found}: something else writes to its key`)

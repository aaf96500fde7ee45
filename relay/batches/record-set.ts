/**
 * All batches of a partition in an answer of a broker. A batch that cannot be unpacked or read is
 * one message that says so, with the offsets it stands for: whoever consumes passes over it, and
 * the partition goes on.
 */
import type { Allowance } from './allowance.ts'
import { type Batch, batchAt, type Message, recordsOf } from './batch.ts'
import { type UnpackFault, UnpackError } from './faults.ts'
import { codecName, unpack } from './unpack.ts'

/** Why nobody knows what a batch holds. */
export interface Unreadable {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly fault: UnpackFault
  readonly says: string
}
/** The offset of one with `unreadable` is the last of its batch, its value the packed body. */
export interface ReadMessage extends Message {
  readonly unreadable?: Unreadable
}

/**
 * Reads as many batches as are there in full and as the allowance has room for. The rest is left
 * out, to be fetched again; but never the first of an answer, so that there is always progress.
 */
export async function readRecordSet(set: Buffer, allowance: Allowance): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = []
  let batch: Batch | undefined
  for (let at = 0; (batch = batchAt(set, at)) !== undefined; at += batch.bytes) {
    const records = await readBatch(batch, allowance)
    if (records === undefined) break
    for (const record of records) messages.push(record)
  }
  return messages
}

/** Undefined when there is no room for it any more. */
async function readBatch(batch: Batch, allowance: Allowance): Promise<ReadMessage[] | undefined> {
  const { body, codec, count } = batch
  const bytesMax = allowance.leftFor(count)
  if (bytesMax < 0 && !allowance.isWhole) return undefined
  if (codec === 0) return take(batch, body, allowance, 0)
  const unpacked = await unpack(codec, body, Math.max(0, bytesMax))
  if (unpacked.ok) return take(batch, unpacked.bytes, allowance, unpacked.bytes.length)
  if (unpacked.fault === 'too_large' && !allowance.isWhole) return undefined
  return [unreadable(batch, unpacked.fault, unpacked.says)]
}

function take(batch: Batch, body: Buffer, allowance: Allowance, bytes: number): ReadMessage[] {
  try {
    const records = recordsOf(batch, body)
    allowance.take(records.length, bytes)
    return records
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error
    return [unreadable(batch, error.fault, error.message)]
  }
}

function unreadable(batch: Batch, fault: UnpackFault, why: string): ReadMessage {
  const { body, codec, context, count, firstOffset, lastOffset, maxTimestamp } = batch
  const says =
    `The batch of offsets ${firstOffset} to ${lastOffset} cannot be read: ${why} ` +
    `(${codecName(codec)}, ${body.length} bytes, ${count} records).`
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: String(maxTimestamp),
    offset: String(lastOffset),
    key: null,
    value: body,
    headers: {},
    isControlRecord: false,
    batchContext: context,
    unreadable: { firstOffset, lastOffset, fault, says },
  }
}

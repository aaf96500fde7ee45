/**
 * The decode stage: is this record fit for clients, and what does it say of itself? Total: bad
 * bytes are a value with a reason. The bytes themselves go on unchanged.
 */
import { errorTypeOf, type ErrorType, scanRecord } from '../../proto/codec.ts'
import type { Unreadable } from '../kafka/batches/fetched.ts'
import type { Numbered } from './sequences.ts'

export interface Sound {
  readonly isSound: true
  /** Numbered ones only. */
  readonly threads: readonly Numbered[]
  /** It has events of more threads than these. */
  readonly isCut?: true
  /** Milliseconds since 1970 that the producer stamped; 0 when it did not. */
  readonly stampMs: number
  readonly isMultiThread: boolean
}
export interface Malformed {
  readonly isSound: false
  readonly errorType: ErrorType
  readonly says: string
  /** Where so much of it could be read. */
  readonly thread?: string
}

/** @param payloadBytesMax largest protobuf, also after decompression */
export function decode(value: Buffer, payloadBytesMax: number): Sound | Malformed {
  const scanned = scanRecord(value, { payloadBytesMax }, 'compatible')
  if (!scanned.ok) {
    const { ok: _, reason, ...known } = scanned
    return { isSound: false, errorType: errorTypeOf(reason), ...known }
  }
  const { runs, timestampUs, isCut } = scanned.facts
  return {
    isSound: true,
    threads: runs.every(isNumbered) ? runs : runs.filter(isNumbered),
    stampMs: Number(timestampUs) / 1_000,
    isMultiThread: runs.length > 1,
    ...(isCut && { isCut }),
  }
}

/** A batch of which nobody knows what it holds, as if it were one malformed record. */
export const unreadable = ({ fault, says }: Unreadable): Malformed => ({
  isSound: false,
  errorType: fault === 'too_large' ? 'payload_too_large' : 'unknown_decode_error',
  says,
})

/** A sequence of 0 means that the record is not numbered, an empty thread that it has none. */
const isNumbered = ({ thread, sequence }: Numbered): boolean =>
  thread !== '' && sequence !== 0n

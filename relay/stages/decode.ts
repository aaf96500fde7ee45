/**
 * The decode stage: whether a record is valid, and the facts in it. Total: malformed bytes yield a
 * value with a reason. The bytes themselves are passed on unchanged.
 */
import { errorTypeOf, type ErrorType, scanRecord } from '../../proto/codec.ts'
import type { Unreadable } from '../kafka/batches/fetched.ts'
import type { Numbered } from './sequences.ts'

export interface Valid {
  readonly isValid: true
  /** Numbered ones only. */
  readonly threads: readonly Numbered[]
  /** It has events of more threads than these. */
  readonly isCut?: true
  /** Producer's timestamp, milliseconds since 1970; 0 when there is none. */
  readonly stampMs: number
  readonly isMultiThread: boolean
}
export interface Malformed {
  readonly isValid: false
  readonly errorType: ErrorType
  readonly says: string
  /** Where its header could be read. */
  readonly thread?: string
}

/** @param payloadBytesMax largest protobuf, also after decompression */
export function decode(value: Buffer, payloadBytesMax: number): Valid | Malformed {
  const scanned = scanRecord(value, { payloadBytesMax }, 'compatible')
  if (!scanned.ok) {
    const { ok: _, reason, ...known } = scanned
    return { isValid: false, errorType: errorTypeOf(reason), ...known }
  }
  const { runs, timestampUs, isCut } = scanned.facts
  return {
    isValid: true,
    threads: runs.every(isNumbered) ? runs : runs.filter(isNumbered),
    stampMs: Number(timestampUs) / 1_000,
    isMultiThread: runs.length > 1,
    ...(isCut && { isCut }),
  }
}

/** An unreadable batch counts as one malformed record. */
export const unreadable = ({ fault, says }: Unreadable): Malformed => ({
  isValid: false,
  errorType: fault === 'too_large' ? 'payload_too_large' : 'unknown_decode_error',
  says,
})

/** A sequence of 0 means that the record is not numbered, an empty thread that it has none. */
const isNumbered = ({ thread, sequence }: Numbered): boolean =>
  thread !== '' && sequence !== 0n

/**
 * Which events of which threads a record holds. Nothing of this is kept when records come in: only
 * a replay by thread asks, and reads it from the records themselves.
 */
import { decodeRecord, scanRecord } from '../../proto/codec.ts'
import type { Numbered } from './thread-account.ts'

/** Every numbered event of a record, or undefined when the record cannot be read. */
export type ReadNumbered = (
  value: Buffer,
  /** Asked with the newest event of each thread: whether the others are of interest. */
  isOfInterest: (newest: readonly Numbered[]) => boolean,
) => readonly Numbered[] | undefined

/** @param payloadBytesMax largest protobuf, also after decompression */
export function createNumberedReader(payloadBytesMax: number): ReadNumbered {
  const limits = { payloadBytesMax }
  return (value, isOfInterest) => {
    const scanned = scanRecord(value, limits, 'compatible')
    if (!scanned.ok) return undefined
    const { kind, runs } = scanned.facts
    const newest = runs.filter(isNumbered)
    // Most batches hold nothing that is asked for, and a full decode costs several times a scan.
    if (kind !== 'eventBatch' || !isOfInterest(newest)) return newest
    const decoded = decodeRecord(value, limits, 'compatible')
    if (!decoded.ok || decoded.message.message.case !== 'eventBatch') return undefined
    return decoded.message.message.value.events.map(numberedOf).filter(isNumbered)
  }
}

/** An empty thread is none, and a sequence of 0 means that the event has no number. */
const isNumbered = ({ thread, sequence }: Numbered) => thread !== '' && sequence !== 0n

const numberedOf = ({ header }: { readonly header?: Header | undefined }): Numbered => ({
  thread: header?.threadId ?? '',
  sequence: header?.sequence ?? 0n,
})
interface Header {
  readonly threadId: string
  readonly sequence: bigint
}

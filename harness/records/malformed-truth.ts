/**
 * What a correct client knows of a malformed case's thread after a given sequence. Written down
 * separately from malformed-case.ts, so that the two check each other.
 */
import { everyMalformedKind, malformed, type MalformedKind } from './malformed.ts'

/** A state by its version, and whether the client must report it as unproven. */
export interface EpisodeTruth {
  readonly version: number
  readonly hasHuge: boolean
  readonly isFlagged: boolean
}

/** The kind in a thread's name; undefined for a thread of the load. */
export function kindOfThread(thread: string): MalformedKind | undefined {
  return everyMalformedKind.find((kind) =>
    new RegExp(`^malformed-${kind}-\\d+(?!\\d)`, 'u').test(thread),
  )
}

/** The sequence at which a snapshot restores a blocked thread. */
const snapshotAt = 5
const malformedAt = 3

const clean = (version: number): EpisodeTruth => ({ version, hasHuge: false, isFlagged: false })

/** @param sequence the highest that the client has seen, applied or not */
export function episodeTruth(kind: MalformedKind, thread: string, sequence: number): EpisodeTruth {
  if (thread.endsWith('-second')) return clean(0)
  const isBlocked = malformed(kind).client.does === 'refuses' && kind !== 'duplicate'
  if (isBlocked && sequence >= malformedAt) {
    return sequence >= snapshotAt ? clean(sequence - 1) : { ...clean(1), isFlagged: true }
  }
  // The event in the batch takes a sequence and changes no state.
  if (kind === 'multi-thread-batch' && sequence >= malformedAt) return clean(sequence - 2)
  return { ...clean(sequence - 1), hasHuge: kind === 'big-integers' && sequence >= malformedAt }
}

/**
 * What the producer knows of a thread and a client must find out: its state after a sequence. Used
 * to compare; never sent.
 */
import { episodeTruth, kindOfThread } from './malformed-truth.ts'
import { versionAt } from './rhythm.ts'
import { hashOf, stateText } from './state.ts'

export interface Truth {
  /** The whole state as canonical JSON. */
  readonly state: string
  /** SHA-256 of it, as in `state_hash`. */
  readonly hash: Buffer
  /** Whether the client must say that it cannot prove this state (corrupted, needs a resync). */
  readonly isFlagged: boolean
}

/**
 * The state of a client that got every record of `thread` up to `sequence`.
 *
 * @param sequence the highest it has seen, applied or refused; from 1
 */
export function truthAt(seed: string, thread: string, sequence: number): Truth {
  const kind = kindOfThread(thread)
  const { isFlagged, ...made } =
    kind === undefined
      ? { version: versionAt(sequence), isFlagged: false }
      : episodeTruth(kind, thread, sequence)
  const state = stateText({ seed, thread, ...made })
  return { state, hash: hashOf(state), isFlagged }
}

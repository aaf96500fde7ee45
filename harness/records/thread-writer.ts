/**
 * Writes the records of one thread around a malformed one, from the same state that the load uses:
 * a baseline, patches, and a whole state to recover with. All of it follows from the seed, the
 * thread and the position.
 */
import { graphStartBody, patchBody, type Patch } from './bodies.ts'
import { messageId } from './message-id.ts'
import { messageBytes, recordValue, type Body, type Stamp } from './record-bytes.ts'
import { hashOf, patchOps, stateText, type PatchOp, type StateOf } from './state.ts'
import { dice, type Dice } from '../world/dice.ts'

/** One record of a malformed case. */
export interface EpisodeRecord {
  /** As in the header; also the Kafka key. */
  readonly thread: string
  readonly sequence: number
  /** The Kafka value; null is a tombstone. */
  readonly value: Buffer | null
  readonly isMalformed: boolean
}

export interface Scribe {
  readonly thread: string
  /** Dice for values without a position of their own. */
  readonly chance: Dice
  stamp(sequence: number, more?: Partial<Stamp>): Stamp
  state(version: number, hasHuge?: boolean): StateOf
  /** The patch from version - 1 to `version`, changed by `more`. */
  patch(version: number, more?: Partial<Patch>, hasHuge?: boolean): Body
  /** A patch of one operation, without a hash; its value need not be JSON. */
  patchWith(op: PatchOp): Body
  /** The whole state, changed by `more`. */
  snapshot(version: number, more?: Partial<Patch>): Body
  /** Valid records. */
  startRecord(): EpisodeRecord
  patchRecord(sequence: number, version: number, hasHuge?: boolean): EpisodeRecord
  snapshotRecord(sequence: number, version: number): EpisodeRecord
  /** A malformed record; it counts as the thread's even if its bytes do not name the thread. */
  malformed(sequence: number, value: Buffer | null): EpisodeRecord
  /** The protobuf of a valid patch, as raw material. */
  rawPatch(sequence: number, version: number): Uint8Array
}

/** @param unixMs time stamp of the records, unless a kind has its own */
export function openScribe(seed: string, thread: string, unixMs: number): Scribe {
  const stamp = (sequence: number, more: Partial<Stamp> = {}): Stamp => ({
    thread,
    sequence,
    messageId: messageId(dice(`${seed}/${thread}/id/${sequence}`)),
    timestampUs: BigInt(Math.round(unixMs * 1_000)),
    ...more,
  })
  const state = (version: number, hasHuge = false): StateOf => ({ seed, thread, version, hasHuge })
  const patch = (version: number, more: Partial<Patch> = {}, hasHuge = false) => {
    const at = state(version, hasHuge)
    return patchBody({ ops: patchOps(at), stateHash: hashOf(stateText(at)), ...more })
  }
  const snapshot = (version: number, more: Partial<Patch> = {}) => {
    const whole = stateText(state(version))
    return patchBody({ ops: [], stateHash: hashOf(whole), fullState: Buffer.from(whole), ...more })
  }
  const record = (sequence: number, value: Buffer | null, isMalformed: boolean) => ({
    thread,
    sequence,
    value,
    isMalformed,
  })
  const valid = (sequence: number, body: Body) =>
    record(sequence, recordValue(stamp(sequence), body), false)
  return {
    thread,
    chance: dice(`${seed}/${thread}/bytes`),
    stamp,
    state,
    patch,
    patchWith: (op) => patchBody({ ops: [op] }),
    snapshot,
    startRecord: () => valid(1, graphStartBody(stateText(state(0)), 'an episode')),
    patchRecord: (sequence, version, hasHuge) => valid(sequence, patch(version, {}, hasHuge)),
    snapshotRecord: (sequence, version) => valid(sequence, snapshot(version)),
    malformed: (sequence, value) => record(sequence, value, true),
    rawPatch: (sequence, version) => messageBytes(stamp(sequence), patch(version)),
  }
}

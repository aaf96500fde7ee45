/**
 * State diffs. Operations are trusted only on a proven state; on any other they are tried, and
 * accepted if the record's own hash proves the result.
 */
import type { StateDiff } from '../../proto/gen/dashstream_pb.js'
import type { Doubt, Effect, Standing, Tools } from './effects.ts'
import { hexOf } from './envelope.ts'
import { readOperations } from './patch-ops.ts'
import { refuse } from './refusals.ts'
import type { NewState, Run } from './run.ts'
import { checkHash, stateOfBytes } from './state-json.ts'

/** The effect of a diff on its run. */
export function readDiff(diff: StateDiff, standing: Standing, tools: Tools): Effect {
  if (standing.place === 'unnumbered') return refuse('sequence-missing')
  return diff.fullState.length > 0
    ? readFullState(diff, tools)
    : readPatch(diff, standing, tools)
}

function readFullState(diff: StateDiff, tools: Tools): Effect {
  const read = stateOfBytes(diff.fullState, tools)
  if (!read.ok) return read
  const wrong = checkHash(read.state.value, diff.stateHash, tools)
  return wrong ?? proves(diff, { state: read.state, addedBytes: read.state.heapBytes })
}

function readPatch(diff: StateDiff, { run, doubt }: Standing, tools: Tools): Effect {
  const read = readOperations(diff.operations, tools.parts, tools.limits)
  if (!read.ok) return read
  const why = doubt ?? doubtOfBase(run, diff.baseCheckpointId)
  const isProvable = diff.stateHash.length > 0
  if (why && !isProvable) return refuse(why)
  const patched = tools.parts.applyPatch(run.state, read.operations, tools.limits, tools.work)
  const wrong = patched.ok ? checkHash(patched.state.value, diff.stateHash, tools) : patched
  if (wrong) return why ? refuse(why, wrong.says) : wrong
  if (!patched.ok) return patched
  const next = { state: patched.state, addedBytes: bytesOf(diff) + (patched.copiedBytes ?? 0) }
  return isProvable ? proves(diff, next) : { ok: true, does: 'advances', next }
}

function proves(diff: StateDiff, next: NewState): Effect {
  const base = checkpointIdOf(diff.baseCheckpointId)
  return { ok: true, does: 'proves', next, ...(base === undefined ? {} : { checkpoint: base }) }
}

function doubtOfBase(run: Run, id: Uint8Array): Doubt {
  const base = checkpointIdOf(id)
  return base === undefined || run.checkpoints.touch(base) !== undefined
    ? undefined
    : 'base-unknown'
}

const idBytesMax = 64

/** A checkpoint's id as text; undefined for empty, all-zero and overlong ids. */
export function checkpointIdOf(id: Uint8Array): string | undefined {
  return id.length <= idBytesMax && id.some((byte) => byte !== 0) ? hexOf(id) : undefined
}

function bytesOf(diff: StateDiff): number {
  return diff.operations.reduce((sum, { path, value }) => sum + path.length + value.length, 64)
}

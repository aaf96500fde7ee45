/** Checkpoints: whole states, possibly compressed, accepted only if their checksum matches. */
import { CompressionType, type Checkpoint } from '../../proto/gen/dashstream_pb.js'
import { measureFrame, startsAsZstd } from '../../proto/zstd-frame.ts'
import { checkpointIdOf } from './diffs.ts'
import { keeps, type Effect, type Standing, type Tools } from './effects.ts'
import { refuse, type Refused } from './refusals.ts'
import { areEqual, stateOfBytes } from './state-json.ts'

/** The effect of a checkpoint on its run; one without a state changes nothing. */
export function readCheckpoint(
  checkpoint: Checkpoint,
  { place }: Standing,
  tools: Tools,
): Effect {
  if (checkpoint.state.length === 0) return keeps
  if (place === 'unnumbered') return refuse('sequence-missing')
  const unpacked = unpack(checkpoint, tools)
  if (!unpacked.ok) return unpacked
  const { checksum } = checkpoint
  if (checksum.length > 0 && !areEqual(checksum, tools.platform.sha256(unpacked.bytes))) {
    return refuse('checkpoint-checksum')
  }
  const read = stateOfBytes(unpacked.bytes, tools)
  if (!read.ok) return read
  const id = checkpointIdOf(checkpoint.checkpointId)
  return {
    ok: true,
    does: 'proves',
    next: { state: read.state, addedBytes: read.state.heapBytes },
    ...(id === undefined ? {} : { checkpoint: id }),
  }
}

function unpack(
  { state, compressionInfo }: Checkpoint,
  tools: Tools,
): { readonly ok: true; readonly bytes: Uint8Array } | Refused {
  const type = compressionInfo?.type ?? CompressionType.COMPRESSION_NONE
  // JSON cannot begin like a zstd frame, so undeclared compression is recognized too.
  if (type === CompressionType.COMPRESSION_ZSTD || startsAsZstd(state)) return unzstd(state, tools)
  if (type === CompressionType.COMPRESSION_NONE) return { ok: true, bytes: state }
  return refuse('checkpoint-encoding', `It is ${CompressionType[type] ?? type}.`)
}

function unzstd(
  frame: Uint8Array,
  { platform, limits }: Tools,
): { readonly ok: true; readonly bytes: Uint8Array } | Refused {
  const measured = measureFrame(frame)
  if (!measured.ok) return refuse('checkpoint-bytes', measured.says)
  const { contentBytes } = measured
  if (contentBytes > limits.stateBytesMax) {
    return refuse('state-too-large', `It has ${contentBytes} bytes, limit ${limits.stateBytesMax}.`)
  }
  try {
    const bytes = platform.unzstd(frame, contentBytes)
    if (bytes.length === contentBytes) return { ok: true, bytes }
    return refuse('checkpoint-bytes', `It declares ${contentBytes} bytes, has ${bytes.length}.`)
  } catch (error) {
    return refuse('checkpoint-bytes', error instanceof Error ? error.message : String(error))
  }
}

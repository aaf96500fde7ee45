/**
 * Zstandard as producers of Kafka write it: one or more frames, possibly with skippable ones in
 * between. The runtime reads the first frame only, and a skippable one as empty content.
 */
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { endOfFrame } from '../../../proto/zstd-frame.ts'
import { byRuntime } from './by-runtime.ts'
import { corrupt, tooLarge } from './faults.ts'

const skippableMagic = 0x184d2a50
/** Producers that split their content use frames of about 1 MB. */
const framesMax = 1_024
const unpackFrame = byRuntime(promisify(zstdDecompress))

/**
 * @returns the content of all frames
 * @throws UnpackError
 */
export async function unpackZstd(packed: Buffer, bytesMax: number): Promise<Buffer> {
  const frames = Array.from(framesOf(packed))
  if (frames.length > framesMax) throw corrupt(`it has more than ${framesMax} frames`)
  if (frames.length === 1) return unpackFrame(frames[0]!, bytesMax)
  const contents: Buffer[] = []
  let left = bytesMax
  for (const frame of frames) {
    // The runtime does not accept a limit of 0, and a frame may have no content.
    const content = await unpackFrame(frame, Math.max(1, left))
    left -= content.length
    if (left < 0) throw tooLarge(bytesMax)
    contents.push(content)
  }
  return Buffer.concat(contents)
}

function* framesOf(packed: Buffer): Generator<Buffer> {
  for (let at = 0; at < packed.length; ) {
    const isSkippable =
      at + 8 <= packed.length && (packed.readUInt32LE(at) & 0xfffffff0) >>> 0 === skippableMagic
    const end = isSkippable ? at + 8 + packed.readUInt32LE(at + 4) : endOfFrame(packed, at)
    if (end === undefined || end > packed.length) throw corrupt('it is not a whole zstd frame')
    if (!isSkippable) yield packed.subarray(at, end)
    at = end
  }
}

/**
 * Sends the same frame many times over. A relay may stop reading, which is what a flood is for:
 * what waits in this process is bounded, and a flood that does not move any more ends.
 */
import { sleep, type Clock } from '../../relay/world/clock.ts'

/** Where a flood goes. */
export interface FloodTarget {
  readonly isOpen: boolean
  /** Bytes written that the kernel has not taken yet. */
  readonly unsentBytes: number
  write(bytes: Buffer): void
}

const blockBytes = 64 * 1_024
/** What may wait in this process before more is added. */
const unsentBytesMax = 4 * blockBytes
const pollMs = 10

/**
 * Sends `count` frames as fast as they are taken. Ends early when nothing was taken for
 * `idleLimitMs`, or when the target is gone.
 *
 * @returns frames that the kernel took whole
 */
export async function flood(
  clock: Clock,
  target: FloodTarget,
  frame: Buffer,
  count: number,
  idleLimitMs: number,
): Promise<number> {
  const perBlock = Math.max(1, Math.min(count, Math.floor(blockBytes / frame.length)))
  const block = Buffer.concat(Array.from({ length: perBlock }, () => frame))
  let given = 0
  let isMoving = true
  while (isMoving && given < count) {
    const frames = Math.min(perBlock, count - given)
    target.write(block.subarray(0, frames * frame.length))
    given += frames
    const room = given < count ? unsentBytesMax : 1
    isMoving = await hasRoom(clock, target, room, idleLimitMs)
  }
  return given - Math.ceil(target.unsentBytes / frame.length)
}

/** Waits until fewer than `bytes` wait to be sent; `false` when they do not move any more. */
async function hasRoom(
  clock: Clock,
  target: FloodTarget,
  bytes: number,
  idleLimitMs: number,
): Promise<boolean> {
  let leastBytes = Infinity
  let movedMs = clock.nowMs()
  while (target.isOpen) {
    const { unsentBytes } = target
    if (unsentBytes < bytes) return true
    if (unsentBytes < leastBytes) movedMs = clock.nowMs()
    leastBytes = Math.min(leastBytes, unsentBytes)
    if (clock.nowMs() - movedMs >= idleLimitMs) return false
    await sleep(clock, pollMs)
  }
  return false
}

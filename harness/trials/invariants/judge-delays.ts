/**
 * Holds what a viewer got against the promise that live delivery does not notice what happens to
 * Redis. The first time that a record comes is its delivery: whose cursor is of another epoch is
 * shown everything once more, and that may be as late as it likes.
 */
import type { Seen } from './sitting.ts'
import type { Truth } from './truth.ts'

/** When nothing but the replay buffer was in trouble. */
export interface TroubleWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** The first record that was acknowledged in a window and came later than it may, in a sentence. */
export function judgeDelays(
  seen: readonly Seen[],
  truth: Pick<Truth, 'at'>,
  windows: readonly TroubleWindow[],
  delayMsMax: number,
): string[] {
  const delivered = new Set<string>()
  for (const one of seen) {
    if (one.is !== 'record') continue
    const where = `${one.partition}/${one.offset}`
    if (delivered.has(where)) continue
    delivered.add(where)
    const ackedMs = truth.at(one.partition, one.offset)?.ackedMs ?? Infinity
    const isMeant = windows.some(({ fromMs, toMs }) => ackedMs > fromMs && ackedMs < toMs)
    const tookMs = one.atMs - ackedMs
    if (!isMeant || tookMs <= delayMsMax) continue
    return [`with Redis in trouble ${where} came after ${Math.round(tookMs)} ms`]
  }
  return []
}

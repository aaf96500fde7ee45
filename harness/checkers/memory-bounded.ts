import { z } from 'zod'
import type { Checker } from './checker.ts'
import { name, names, type GroupName, type PhaseName } from './options.ts'

export interface MemoryBoundedOptions<G extends string = string, P extends string = string> {
  /** The clients whose reading stops. */
  readonly stalled: GroupName<G>
  /** Windows in which memory is judged; their time is joined. */
  readonly phases: readonly PhaseName<P>[]
  /** Highest RSS of the relay, bytes. */
  readonly ceilingBytes: number
  /** Steepest growth of the relay's RSS, bytes a second, by a robust linear fit. */
  readonly slopeBytesPerSecond: number
  /**
   * Bytes that must have been owed to each stalled client before the stall counts as having
   * reached the relay: more than kernel buffers and proxy can swallow. Default 16 MiB.
   */
  readonly proofBytes?: number
}

export const memoryBounded: Checker<MemoryBoundedOptions> = {
  says: 'The relay stays within its memory while clients stall under load.',
  options: z.strictObject({
    stalled: name,
    phases: names,
    ceilingBytes: z.number().positive(),
    slopeBytesPerSecond: z.number().positive(),
    proofBytes: z.number().positive().exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

import { z } from 'zod'
import type { Checker } from './checker.ts'
import { milliseconds, name, names, type PhaseName } from './options.ts'

export interface LagTruthOptions<P extends string = string> {
  /** Windows in which the gauge is compared with the truth. */
  readonly phases: readonly PhaseName<P>[]
  /** Time between two polls of the target's lag monitor. */
  readonly intervalMs: number
  /** Longest time between two commits of the target; default 1 s. */
  readonly commitIntervalMs?: number
  /** A window in which the relay is stuck while records go on: its lag must show. */
  readonly stuck?: PhaseName<P>
  /** Records that the gauge may be wrong by beyond what rate and interval explain; default 10. */
  readonly toleranceRecords?: number
}

export const lagTruth: Checker<LagTruthOptions> = {
  says: 'The lag gauge tells the truth, of the partitions that are held now and of no others.',
  options: z.strictObject({
    phases: names,
    intervalMs: milliseconds,
    commitIntervalMs: milliseconds.exactOptional(),
    stuck: name.exactOptional(),
    toleranceRecords: z.number().nonnegative().exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

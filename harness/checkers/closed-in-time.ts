import { z } from 'zod'
import type { Checker } from './checker.ts'
import { count, milliseconds, name, type GroupName, type PhaseName } from './options.ts'

export interface ClosedInTimeOptions<G extends string = string, P extends string = string> {
  /** The clients whose reading stops. */
  readonly group: GroupName<G>
  /** The window in which they stall. */
  readonly phase: PhaseName<P>
  /** Longest time from the moment the stall could bite to the last of them being closed. */
  readonly limitMs: number
  /** Which kind of write waits; names the label in counters by path. */
  readonly path: 'broadcast' | 'control' | 'resume'
  /** How many clients must be closed; default is all that were stalled. */
  readonly clients?: number
}

export const closedInTime: Checker<ClosedInTimeOptions> = {
  says: 'A client that stopped reading is closed in time.',
  options: z.strictObject({
    group: name,
    phase: name,
    limitMs: milliseconds,
    path: z.enum(['broadcast', 'control', 'resume']),
    clients: count.exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

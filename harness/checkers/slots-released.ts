import { z } from 'zod'
import type { Checker } from './checker.ts'
import { milliseconds, name, type GroupName, type PhaseName } from './options.ts'

export interface SlotsReleasedOptions<G extends string = string, P extends string = string> {
  /** The window after whose end (or within which) slots must be free again. */
  readonly phase: PhaseName<P>
  /** The clients that held the slots. */
  readonly group: GroupName<G>
  /** Clients that join afterwards from the same address: each must be let in. */
  readonly probe: GroupName<G>
  /** Longest time from the end of the window until the count of clients is back. */
  readonly limitMs: number
}

export const slotsReleased: Checker<SlotsReleasedOptions> = {
  says: 'Slots of clients that are gone are free again, and new clients are let in.',
  options: z.strictObject({ phase: name, group: name, probe: name, limitMs: milliseconds }),
  judge: () => { throw new Error('not there yet') },
}

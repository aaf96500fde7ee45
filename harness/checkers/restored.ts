import { z } from 'zod'
import type { Checker } from './checker.ts'
import { milliseconds, names, type GroupName } from './options.ts'

export interface RestoredOptions<G extends string = string> {
  /** Clients that must be at the head again. */
  readonly groups: readonly GroupName<G>[]
  /** Longest time from the last heal until each of them has everything sent up to then. */
  readonly limitMs: number
}

export const restored: Checker<RestoredOptions> = {
  says: 'After the last fault is healed, every client is at the head again in time.',
  options: z.strictObject({ groups: names, limitMs: milliseconds }),
  judge: () => { throw new Error('not there yet') },
}

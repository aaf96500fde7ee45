import { z } from 'zod'
import type { Checker } from './checker.ts'
import { name, type PhaseName } from './options.ts'

export interface IdleIsNotBrokenOptions<P extends string = string> {
  /** A window without records and without faults. */
  readonly phase: PhaseName<P>
}

export const idleIsNotBroken: Checker<IdleIsNotBrokenOptions> = {
  says: 'A relay with nothing to do is not called broken.',
  options: z.strictObject({ phase: name }),
  judge: () => { throw new Error('not there yet') },
}

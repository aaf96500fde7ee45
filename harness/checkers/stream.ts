import { z } from 'zod'
import type { Checker } from './checker.ts'
import { names, type GroupName } from './options.ts'

/** What `stream` may be told. */
export interface StreamOptions<G extends string = string> {
  /** Groups to judge; default is all. */
  readonly groups?: readonly GroupName<G>[]
}

export const stream: Checker<StreamOptions> = {
  says: 'Every acknowledged record reaches every client once, in order, or is accounted for.',
  options: z.strictObject({ groups: names.exactOptional() }),
  judge: () => { throw new Error('not there yet') },
}

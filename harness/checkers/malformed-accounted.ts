import { z } from 'zod'
import type { Checker } from './checker.ts'
import { count, name, names, type GroupName } from './options.ts'

export interface MalformedAccountedOptions<G extends string = string> {
  /** Clients that decode with the reference client. */
  readonly group: GroupName<G>
  /** Kinds that must have been put to the test; default is every kind there is. */
  readonly kinds?: readonly string[]
  /** Least number of records of each kind; default 1. */
  readonly each?: number
}

export const malformedAccounted: Checker<MalformedAccountedOptions> = {
  says: 'Every malformed record is accounted for, and none of its neighbours suffers.',
  options: z.strictObject({
    group: name,
    kinds: names.exactOptional(),
    each: count.exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

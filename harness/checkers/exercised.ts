import { z } from 'zod'
import type { Checker } from './checker.ts'
import { count } from './options.ts'

export interface ExercisedOptions {
  readonly recordsMin?: number
  readonly bytesMin?: number
  readonly deliveriesMin?: number
  readonly malformedMin?: number
  readonly clientsMin?: number
}

export const exercised: Checker<ExercisedOptions> = {
  says: 'The run put enough to the test to be believed.',
  options: z.strictObject({
    recordsMin: count.exactOptional(),
    bytesMin: count.exactOptional(),
    deliveriesMin: count.exactOptional(),
    malformedMin: count.exactOptional(),
    clientsMin: count.exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

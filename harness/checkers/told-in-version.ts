import { z } from 'zod'
import type { Checker } from './checker.ts'
import { name } from './options.ts'

export interface ToldInVersionOptions {
  /** Keys from the root of `/version`, joined by dots. */
  readonly path: string
  readonly equals: string | number | boolean | null
}

export const toldInVersion: Checker<ToldInVersionOptions> = {
  says: 'An effective value stands in /version.',
  options: z.strictObject({
    path: name,
    equals: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  }),
  judge: () => { throw new Error('not there yet') },
}

import { z } from 'zod'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { milliseconds, name, type PhaseName } from './options.ts'

export interface AgesExportedOptions<P extends string = string> {
  /** A window with records, in which the age must stay small. */
  readonly traffic: PhaseName<P>
  /** A window without any, in which the age must grow with the wall clock. */
  readonly silence: PhaseName<P>
  /** The age to judge; default `lastRecordAge`. */
  readonly signal?: SignalName
  /** How far metric, /health and truth may differ; default 1.5 s. */
  readonly toleranceMs?: number
}

export const agesExported: Checker<AgesExportedOptions> = {
  says: 'The age of the last record is exported, true, and "never" is not 0.',
  options: z.strictObject({
    traffic: name,
    silence: name,
    signal: z.enum(signalNames).exactOptional(),
    toleranceMs: milliseconds.exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

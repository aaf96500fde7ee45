import { z } from 'zod'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { milliseconds, name, type PhaseName } from './options.ts'

export interface CounterRisesOptions<P extends string = string> {
  readonly signal: SignalName
  /** Only series with these labels. */
  readonly labels?: Readonly<Record<string, string>>
  /** Least rise within the phase and the slack after it. */
  readonly atLeast: number
  readonly phase: PhaseName<P>
  /** How long after the phase's end the rise may still show; default 15 s, one usual scrape. */
  readonly withinMs?: number
}

export const counterRises: Checker<CounterRisesOptions> = {
  says: 'A counter tells what happened, within one scrape.',
  options: z.strictObject({
    signal: z.enum(signalNames),
    labels: z.record(z.string(), z.string()).exactOptional(),
    atLeast: z.number().positive(),
    phase: name,
    withinMs: milliseconds.exactOptional(),
  }),
  judge: () => { throw new Error('not there yet') },
}

/** `--know`: what a user knows of a relay's settings, where the relay does not report them. */
import { z } from 'zod'
import { UsageError } from '../world/exit-codes.ts'
import { known } from '../world/nearest.ts'
import type { OptionRow } from '../world/option-rows.ts'
import { timingKeys } from './environment.ts'
import type { Timing } from './timing.ts'

/** Settings of a relay as the user says that they are, in milliseconds or counts. */
export type KnownTiming = Readonly<Partial<Record<keyof Timing, number>>>

export const knowOption = {
  is: 'list',
  takes: '<name=value>',
  says: 'a setting that the relay uses but does not report, in ms or as a count; repeatable',
} as const satisfies OptionRow

/** As the record of a run holds it. */
export const knownShape = { known: z.record(z.string(), z.number()).exactOptional() }

/** `--know key=value`, in milliseconds or counts. */
export function selectKnown(pairs: readonly string[] = []): { readonly known?: KnownTiming } {
  return pairs.length === 0 ? {} : { known: Object.fromEntries(pairs.map(knownOf)) }
}

const knowable = Object.keys(timingKeys) as (keyof KnownTiming)[]

function knownOf(pair: string): readonly [keyof KnownTiming, number] {
  const equals = pair.indexOf('=')
  if (equals < 1) throw new UsageError(`--know wants name=value, got "${pair}"`)
  const key = known('setting to know', pair.slice(0, equals), knowable)
  const text = pair.slice(equals + 1)
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return [key, value]
  const unit = key.endsWith('Ms') ? 'milliseconds' : 'a count'
  throw new UsageError(`--know ${key} wants ${unit}, 0 or more; got "${text}"`)
}

/** The shape of a setting's row, for the table that lists them. */

/** Common to every row. `says` is a sentence for CONFIG.md; `isOurs` marks names DashFlow lacks. */
interface Row {
  readonly env: string
  readonly says: string
  readonly isOurs?: true
}

/**
 * A whole number. Outside `min..max` (in the contract's unit) it is clamped to the nearest bound
 * with a warning; text that is not a number is refused. `zeroMeans` gives 0 a special meaning.
 */
export interface NumberRow extends Row {
  readonly kind: 'number'
  readonly unit: 'ms' | 's' | 'bytes' | 'count' | 'port'
  readonly scale: number
  readonly byDefault: number
  readonly min: number
  readonly max: number
  readonly zeroMeans?: string
}
/** One of `choices`; anything else is refused. */
export interface ChoiceRow<C extends string = string> extends Row {
  readonly kind: 'choice'
  readonly choices: readonly C[]
  readonly byDefault: C
}
/** `true`/`1`/`false`/`0`, case-insensitive; anything else is refused. */
export interface FlagRow extends Row {
  readonly kind: 'flag'
  readonly byDefault: boolean
}
/**
 * Any text; a host where `isHost` says so. `isSecret` rows never appear in logs, `/version` or
 * errors.
 */
export interface TextRow extends Row {
  readonly kind: 'text'
  readonly byDefault: string
  readonly isSecret?: true
  readonly isHost?: true
}
/** A comma-separated list of words. */
export interface ListRow extends Row {
  readonly kind: 'list'
  readonly byDefault: readonly string[]
}
export type SettingRow = NumberRow | ChoiceRow | FlagRow | TextRow | ListRow

export const number = (
  env: string,
  unit: NumberRow['unit'],
  [byDefault, min, max]: readonly [number, number, number],
  says: string,
  more: { scale?: number; isOurs?: true; zeroMeans?: string } = {},
): NumberRow => ({ kind: 'number', env, unit, scale: 1, byDefault, min, max, says, ...more })

export const seconds = (
  env: string,
  bounds: readonly [number, number, number],
  says: string,
  more: { isOurs?: true; zeroMeans?: string } = {},
): NumberRow => number(env, 's', bounds, says, { scale: 1_000, ...more })

export const text = (
  env: string,
  byDefault: string,
  says: string,
  more: { isSecret?: true; isOurs?: true; isHost?: true } = {},
): TextRow => ({ kind: 'text', env, byDefault, says, ...more })

export const choice = <const C extends string>(
  env: string,
  choices: readonly C[],
  byDefault: NoInfer<C>,
  says: string,
  more: { isOurs?: true } = {},
): ChoiceRow<C> => ({ kind: 'choice', env, choices, byDefault, says, ...more })

export const flag = (env: string, byDefault: boolean, says: string): FlagRow => ({
  kind: 'flag',
  env,
  byDefault,
  says,
})

export const KiB = 1_024
export const MiB = 1_024 * KiB
export const ours = { isOurs: true } as const

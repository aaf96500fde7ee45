/**
 * Options of the command line as rows of a table: what help says of them, the type of what was
 * given, and the line that repeats a run all come from the row.
 */

export interface OptionRow {
  /** `list`: may be given more than once. */
  readonly is: 'text' | 'flag' | 'list'
  /** What stands behind it in help, such as `<name=value>`; of all but a flag. */
  readonly takes?: string
  readonly says: string
  /** The part of a value that a report may show; the rest may be a secret. */
  readonly shown?: (value: string) => string
}

/** By key: `envFile` is `--env-file` on the command line. */
export type OptionRows = Readonly<Record<string, OptionRow>>

/** What may have been given of these options. */
export type Given<R extends OptionRows> = {
  readonly [K in keyof R]?: R[K]['is'] extends 'flag'
    ? boolean
    : R[K]['is'] extends 'list'
      ? readonly string[]
      : string
}

/** An option as it is typed. */
export const flagOf = (key: string): string =>
  `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Those options that were given, in the order of the table. */
export const givenOf = (rows: OptionRows, given: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(rows).filter((key) => isGiven(given[key]))

const isGiven = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false

/** What was given, as words that are typed again; what may be secret is not repeated. */
export function retyped(rows: OptionRows, given: Readonly<Record<string, unknown>>): string[] {
  return givenOf(rows, given).flatMap((key) => {
    const { is, shown = (text) => text }: OptionRow = rows[key] ?? { is: 'flag', says: '' }
    if (is === 'flag') return [flagOf(key)]
    const values = is === 'list' ? (given[key] as readonly string[]) : [given[key] as string]
    return values.flatMap((value) => [flagOf(key), shown(value)])
  })
}

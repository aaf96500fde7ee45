/**
 * What the options of all checkers share: names that a scenario declares. `G` and `P` are the
 * scenario's client groups and phases; `NoInfer` makes a misspelt one a compile error where it
 * stands instead of a new name.
 */
import { z } from 'zod'

/** A client group of the scenario. */
export type GroupName<G extends string> = NoInfer<G>
/** A phase of the scenario, or one of the two that every run has. */
export type PhaseName<P extends string> = NoInfer<P> | 'steady' | 'settle'

export const name = z.string().min(1)
export const names = z.array(name).min(1).readonly()
export const milliseconds = z.number().positive()
export const count = z.number().int().nonnegative()
export const flag = z.boolean()

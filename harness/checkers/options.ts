/**
 * The parts of all checkers' options. Names of groups and phases are marked in a schema: a scenario
 * must declare the group or the phase that it names.
 */
import { z } from 'zod'

export const name = z.string().min(1)
export const names = z.array(name).min(1).readonly()
export const milliseconds = z.number().positive()
export const count = z.number().int().nonnegative()
export const flag = z.boolean()

/** A client group of the scenario. */
export const groupRef = name.brand<'group'>()
export const groupRefs = z.array(groupRef).min(1).readonly()
/** A phase of the scenario, or one of the two that every run has. */
export const phaseRef = name.brand<'phase'>()
export const phaseRefs = z.array(phaseRef).min(1).readonly()

/**
 * The options of a schema, for a scenario with groups `G` and phases `P`. `NoInfer` makes a
 * misspelt name a compile error instead of a new name.
 */
export type OptionsOf<
  S extends z.ZodType,
  G extends string = string,
  P extends string = string,
> = Named<z.output<S>, G, P>

type Named<T, G extends string, P extends string> = T extends z.core.$brand<'group'>
  ? NoInfer<G>
  : T extends z.core.$brand<'phase'>
    ? NoInfer<P> | 'steady' | 'settle'
    : T extends object
      ? { readonly [K in keyof T]: Named<T[K], G, P> }
      : T

/**
 * What a stimulus is: its spec in a scenario, and the orders that it consists of. Orders are few
 * and simple (clients send a frame, disconnect, request a replay; the producer sends records), so
 * that a new stimulus needs no change in the conductor or the fleet.
 */
import { z } from 'zod'
import type { GroupOrder } from '../fleet/protocol.ts'
import type { Load } from '../producer/load.ts'
import type { RecordsOrder } from '../producer/protocol.ts'
import type { DrawnFrom } from '../world/dice.ts'

/** The phase that a stimulus comes in. */
export interface Occasion {
  readonly phaseMs: number
  readonly load: Load
}

/** One thing to be done, within `limitMs`, before the next one. */
export type StimulusOrder =
  | { readonly to: 'fleet'; readonly order: GroupOrder; readonly limitMs: number }
  | { readonly to: 'producer'; readonly order: RecordsOrder; readonly limitMs: number }
  /** Clients of a group join: `count`, or as many as the group has. */
  | { readonly to: 'group'; readonly joins: string; readonly count: number | undefined }

/**
 * A stimulus: its whole definition. Its name is its key in the registry and the literal of `spec`.
 */
export interface StimulusDefinition<S extends { readonly stimulus: string }> {
  /** What a scenario may say of it. */
  readonly spec: z.ZodType<S>
  /** One sentence on what is sent, as Markdown. */
  says(spec: S): string
  /** Whether an honest client may do this: one that did what none would is owed no stream. */
  readonly isHonest: boolean
  orders(spec: S, occasion: Occasion): readonly StimulusOrder[]
  /** A random one, for a schedule. */
  draw(from: DrawnFrom): S
}

/** Holds a definition to its spec where it is written; returns it unchanged. */
export const defineStimulus = <S extends { readonly stimulus: string }>(
  definition: StimulusDefinition<S>,
): StimulusDefinition<S> => definition

/** A name of a client group in a spec. */
export const group = z.string().min(1)
/** A number of times in a spec. */
export const times = z.number().int().nonnegative()

/** An order is given, and carried out, within this time. */
export const orderLimitMs = 10_000
/** Share of its phase over which a stimulus is spread. */
export const spreadShare = 0.8

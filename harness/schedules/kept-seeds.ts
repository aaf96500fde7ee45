/**
 * Schedules that once failed, each with what was wrong then. They are run first wherever there is
 * time for several, so that what was mended stays mended.
 */

/** A schedule by its seed and number; `parts` where fewer of them were enough. */
export interface KeptSeed {
  readonly seed: string
  readonly schedule: number
  readonly parts?: readonly number[]
  readonly says: string
}

export const keptSeeds: readonly KeptSeed[] = []

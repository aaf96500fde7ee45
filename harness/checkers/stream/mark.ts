/** A moment of the history; where times tie, the order of arrival decides. */
import type { Run } from '../../history/deliveries.ts'
import type { Micros } from '../../history/event.ts'

export interface Mark {
  readonly t: Micros
  readonly order: number
}

export const isBefore = (one: Mark, other: Mark): boolean =>
  one.t < other.t || (one.t === other.t && one.order < other.order)

/** A control frame ends every run, so a run lies before or behind it as a whole. */
export const endOf = ({ until, order }: Run): Mark => ({ t: until, order })

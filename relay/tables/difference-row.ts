/** A deliberate difference from DashFlow's relay: one row of the tables of differences. */
export interface DifferenceRow {
  /** What this relay does. */
  readonly what: string
  /** What the other behaviour costs. */
  readonly why: string
  /** What a client or an operator sees of it. */
  readonly noticed: string
}

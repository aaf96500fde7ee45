/** A deliberate difference from DashFlow's relay: what each of the tables has in a row. */
export interface DifferenceRow {
  /** What this relay does. */
  readonly what: string
  /** What it would cost otherwise. */
  readonly why: string
  /** What a client or an operator sees of it. */
  readonly noticed: string
}

/** What the watchdog and its worker say to one another. */

export interface WatchOrder {
  readonly pid: number
  /** host:port of the relay. */
  readonly address: string
  /** CPU of the loop between a question and its answer that is too much. */
  readonly turnMsMax: number
}

/** What was seen since the last look. */
export interface Taken {
  /** The most CPU that the loop burnt between a question and its answer. */
  slowestTurnMs: number
  /** The longest answer on the wall's clock, for people: it counts the machine's noise as well. */
  slowestMs: number
  rssBytesMax: number
  asked: number
  /** Questions during which the watchdog itself stood still for a while: they say less. */
  voided: number
}

export type WatchSays =
  | { readonly is: 'standing'; readonly turnMs: number }
  | { readonly is: 'taken'; readonly taken: Taken }

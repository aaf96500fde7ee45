/**
 * What a panel is: a question, its queries, and what to do about a bad answer. Grafana's JSON is
 * made of it in panel-json.ts; the same rows are asked and drawn by the harness.
 */
import type { Query } from './query.ts'
import type { Unit } from './units.ts'

/**
 * What a healthy relay under load answers: something, nothing (then the absence is the message),
 * or either one. Some of it is known of recorded runs only. A row that needs what cannot be run
 * here says whose it is. A test asks every query of a real run and holds the answer against this.
 */
export type Expect =
  | 'data'
  | 'data of recorded runs'
  | 'absence'
  | `either, because ${string}`
  | "needs the user's k6"

export interface Ask {
  readonly query: Query
  /** With `{{label}}` for labels of the answer. */
  readonly legend: string
  readonly expect: Expect
  /** Drawn as a dashed line across: what the others must stay below. */
  readonly isLimit?: true
}

export type Level = 'good' | 'warn' | 'bad'

/** Where a value becomes another level: from this value on. */
export interface Threshold {
  readonly from: number
  readonly level: Level
}

interface Common {
  /** Of Grafana's links to it, so never changed and never used again. */
  readonly id: number
  readonly title: string
  /** What is seen, in one or two sentences. */
  readonly shows: string
  /** What to do when it looks wrong, the first step first. */
  readonly todo: string
  /** Of 24 columns. */
  readonly width: number
  /** Only where the unit of its queries says too little. */
  readonly unit?: Unit
  /** Below the first threshold; the ordinary level is good. */
  readonly base?: Level
  readonly thresholds?: readonly Threshold[]
  /** Shown instead of an empty panel. */
  readonly noValue?: string
}

/** Lines over time. */
export interface LinesPanel extends Common {
  readonly kind: 'lines'
  readonly asks: readonly [Ask, ...Ask[]]
}

/** The value of now, large. */
export interface StatPanel extends Common {
  readonly kind: 'stat'
  readonly noValue: string
  readonly asks: readonly [Ask]
  /** Words for values. */
  readonly words?: Readonly<Record<number, string>>
}

/** Bands over time: 1 is a band, 0 is none. */
export interface BandsPanel extends Common {
  readonly kind: 'bands'
  readonly asks: readonly [Ask, ...Ask[]]
}

/** One row for each value of a label; a column for each query. */
export interface TablePanel extends Common {
  readonly kind: 'table'
  /** The only label of every query's answer. */
  readonly rowLabel: string
  /** The legend of a query is the head of its column. */
  readonly asks: readonly [Ask, Ask, ...Ask[]]
}

export type Panel = LinesPanel | StatPanel | BandsPanel | TablePanel
export type Panels = Readonly<Record<string, Panel>>

/** The unit of a panel: that of its queries, all of which must have one. */
export function unitOfPanel(panel: Panel): Unit {
  if (panel.unit !== undefined) return panel.unit
  const units = new Set(panel.asks.map(({ query }) => query.unit))
  const [unit] = units
  if (unit === undefined || (units.size > 1 && panel.kind !== 'table')) {
    throw new Error(`the queries of panel "${panel.title}" have units ${[...units].join(', ')}`)
  }
  return unit
}

/** Labels that a legend names. */
export const legendLabels = (legend: string): string[] =>
  [...legend.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? '')

/** @throws Error if a legend names a label that the answer can't have */
export function checkLegends({ title, asks }: Panel): void {
  for (const { legend, query } of asks) {
    const missing = legendLabels(legend).filter((label) => !query.labels.includes(label))
    if (missing.length === 0) continue
    throw new Error(`panel "${title}": answers of "${legend}" have no label ${missing.join(', ')}`)
  }
}

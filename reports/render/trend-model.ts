/**
 * What the page of many nights shows, as plain data: everything is counted before, so that the
 * page adds no number of its own. Nights of one machine stand together, for others cannot be
 * compared with them.
 */
import type { ReportChart, Verdict } from './model.ts'
import type { Outcome } from './night.ts'

/** What one thing came to in each night; undefined where it was in none of that night's lists. */
export type Strip = readonly (Outcome | undefined)[]

/** How often something was as it should be, of how often it was looked at. */
export interface Rate {
  readonly name: string
  readonly count: number
  readonly of: number
  /** In which the true rate lies, in 95 of 100 cases; from 0 to 1. */
  readonly interval: readonly [from: number, to: number]
}

/** A finding, a defect, a load: how it went, night by night. */
export interface TrendRow extends Rate {
  readonly says: string
  readonly strip: Strip
  /** Numbers of its own, ready to be shown. */
  readonly numbers: string
}

export interface TrendNight {
  /** Its date, and a number where a day had several. */
  readonly label: string
  readonly startedAt: string
  readonly version: string
  readonly verdict: Verdict
  readonly says: string
}

export interface ChartGroup {
  readonly title: string
  readonly isFolded: boolean
  readonly charts: readonly ReportChart[]
}

export interface TrendTable {
  readonly title: string
  readonly says: string
  /** What its last column holds. */
  readonly numbers: string
  readonly rows: readonly TrendRow[]
}

/** All nights of one machine, the oldest first. */
export interface MachineTrend {
  readonly machine: string
  readonly nights: readonly TrendNight[]
  readonly tables: readonly TrendTable[]
  /** What cannot be told of so few nights. */
  readonly notes: readonly string[]
  readonly groups: readonly ChartGroup[]
}

export interface TrendPage {
  readonly machines: readonly MachineTrend[]
  /** Files that could not be read. */
  readonly troubles: readonly string[]
}

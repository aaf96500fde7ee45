/**
 * Writes a run as OpenMetrics text, in pieces. One block a family, within it one series after the
 * other by time; the series of a histogram belong together, so there it is one scrape after the
 * other. The relay's metrics have the labels that a live scrape gives them, and those of the run.
 */
import { runRows } from '../../dashboards/metrics/run-metrics.ts'
import { foreignRows } from '../../dashboards/metrics/foreign-metrics.ts'
import { parseSeries } from '../history/readings.ts'
import type { RunRecord } from '../judge/record.ts'
import { familiesOf, type Family } from './families.ts'
import {
  endOfFile,
  familyHead,
  labelText,
  timeText,
  valueText,
  type FamilyType,
  type Labels,
} from './openmetrics.ts'
import type { ReadRun } from './read-run.ts'
import type { Scrapes } from './scrapes.ts'
import type { Timeline } from './timeline.ts'

/** Pieces are about this long, so that few are written and none is large. */
const pieceChars = 64 * 1_024

/** What the run is called, and when its first phase begins on the common axis. */
export interface ExportAs {
  readonly run: string
  readonly startUnixMs: number
}

/** What was written. */
export interface Written {
  samples: number
  series: number
}

/** Which relay it was: a mistake that was put back, or the target itself. */
export const variantOf = ({ target }: RunRecord): string =>
  target.defect ?? (target.kind === 'reference' ? 'reference' : target.says)

/** Labels that the configuration of a live scrape adds: the same queries fit either. */
const scrapeLabels = { component: 'websocket-server', service: 'dashstream' } as const

/** The text in pieces; `written` counts along. */
export function* openMetricsOf(run: ReadRun, as: ExportAs, written: Written): Generator<string> {
  const writer = new Writer(run, as, written)
  let piece = ''
  for (const part of writer.parts(run)) {
    piece += part
    if (piece.length < pieceChars) continue
    yield piece
    piece = ''
  }
  yield piece + endOfFile
}

class Writer {
  /** The time that 0 ms of the run is on the common axis. */
  readonly #zeroUnixMs: number
  readonly #written: Written
  readonly #own: Labels
  readonly #live: Labels

  constructor({ record, beginMs }: ReadRun, { run, startUnixMs }: ExportAs, written: Written) {
    this.#zeroUnixMs = startUnixMs - beginMs
    this.#written = written
    this.#own = { run, scenario: record.scenario.name, variant: variantOf(record) }
    this.#live = { ...this.#own, ...scrapeLabels }
  }

  *parts({ series, scrapes }: ReadRun): Generator<string> {
    for (const [name, timelines] of series.all()) {
      const { name: metric, kind, help } = runRows[name]
      yield familyHead(kind === 'counter' ? metric.replace(/_total$/, '') : metric, kind, help)
      for (const [labels, timeline] of timelines) {
        const all = [labelText(this.#own), labels].filter((text) => text !== '').join(',')
        yield* this.#timeline(`${metric}{${all}}`, timeline)
      }
    }
    if (scrapes.up.length === 0) return
    const { name: up, kind, help } = foreignRows.up
    yield familyHead(up, kind, help)
    yield* this.#timeline(`${up}{${labelText(this.#live)}}`, scrapes.up)
    for (const family of familiesOf(scrapes.keys)) yield* this.#family(family, scrapes)
  }

  *#family({ name, type, help, groups }: Family, scrapes: Scrapes): Generator<string> {
    yield familyHead(name, type, help)
    for (const { keys } of groups) {
      const members = keys.map((key) => ({ text: this.#scraped(key), at: scrapes.cursor(key) }))
      this.#written.series += members.length
      let before = -Infinity
      for (let scrape = 0; scrape < scrapes.count; scrape += 1) {
        const ms = scrapes.msOf(scrape)
        // Two scrapes of one millisecond would be two values at one time.
        if (ms <= before) continue
        before = ms
        for (const { text, at } of members) {
          const value = at(scrape)
          if (value === undefined || isNoValue(value, type)) continue
          yield this.#sample(text, ms, value)
        }
      }
    }
  }

  *#timeline(text: string, timeline: Timeline): Generator<string> {
    this.#written.series += 1
    for (const [ms, value] of timeline.points()) yield this.#sample(text, ms, value)
  }

  #sample(text: string, ms: number, value: number): string {
    this.#written.samples += 1
    return `${text} ${valueText(value)} ${timeText(this.#zeroUnixMs + ms)}\n`
  }

  /** A scraped series with the labels of the run; its own of such a name step aside. */
  #scraped(key: string): string {
    const { metric, labels } = parseSeries(key)
    const own = Object.entries(labels).map(([label, value]) => {
      return [label in this.#live ? `exported_${label}` : label, value] as const
    })
    return `${metric}{${labelText({ ...this.#live, ...Object.fromEntries(own) })}}`
  }
}

/** OpenMetrics has no NaN for what only counts. */
const isNoValue = (value: number, type: FamilyType): boolean =>
  Number.isNaN(value) && (type === 'counter' || type === 'histogram')

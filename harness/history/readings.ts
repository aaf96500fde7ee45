/**
 * Signals over time, read from the scrapes of /metrics and the polls of /health by the table in
 * harness/history/signals.ts.
 */
import { signals, type MetricSource, type SignalName, type SignalRow } from './signals.ts'
import type { Health, Micros, Scrape } from './event.ts'

/** A quantity at the times at which it was asked for; `null` if the target did not report it. */
export interface Reading<V = number> {
  readonly t: readonly Micros[]
  readonly v: readonly (V | null)[]
}

/** One scrape that was answered, with all series that it held. */
export interface WholeScrape {
  readonly t: Micros
  readonly tookMicros: number
  readonly series: ReadonlyMap<string, number>
}

/** `name{label="value",…}`, taken apart. */
export interface SeriesKey {
  readonly metric: string
  readonly labels: Readonly<Record<string, string>>
}

const okStatus = 200

/** Where to read a signal; without `from`, /metrics is asked first and /health else. */
export interface Where {
  readonly labels?: Readonly<Record<string, string>>
  readonly from?: 'metrics' | 'health'
}

/** Takes a series key apart; label values may hold escaped quotes, backslashes and newlines. */
export function parseSeries(key: string): SeriesKey {
  const brace = key.indexOf('{')
  if (brace < 0) return { metric: key, labels: {} }
  const labels: Record<string, string> = {}
  for (const [, name, value] of key.slice(brace).matchAll(/([^{,=]+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name as string] = (value as string).replaceAll(/\\(.)/g, (_, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    )
  }
  return { metric: key.slice(0, brace), labels }
}

const valueOf = (told: Scrape[4][string]): number =>
  typeof told === 'number' ? told : Number(String(told).replace('Inf', 'Infinity'))

/** Replays the changes: each answered scrape with the series as they were; the map is reused. */
export function* replayed(
  scrapes: readonly Scrape[],
): Generator<readonly [scrape: Scrape, series: ReadonlyMap<string, number>]> {
  const series = new Map<string, number>()
  for (const scrape of scrapes) {
    const [, , , status, changed] = scrape
    if (status !== okStatus) continue
    for (const [key, told] of Object.entries(changed)) {
      if (told === null) series.delete(key)
      else series.set(key, valueOf(told))
    }
    yield [scrape, series]
  }
}

/** Sums of the series that `source` names, by the values of the labels in `by`. */
export function readBy(
  scrapes: readonly Scrape[],
  sources: readonly MetricSource[],
  by: readonly string[],
): ReadonlyMap<string, Reading> {
  const readings = new Map<string, { t: Micros[]; v: (number | null)[] }>()
  const times: Micros[] = []
  const groups = new Map<string, string | undefined>()
  const groupOf = (key: string) => {
    if (!groups.has(key)) groups.set(key, groupKey(parseSeries(key), sources, by))
    return groups.get(key)
  }
  for (const [[, t], series] of replayed(scrapes)) {
    const sums = new Map<string, number>()
    for (const [key, value] of series) {
      const group = groupOf(key)
      if (group !== undefined) sums.set(group, (sums.get(group) ?? 0) + value)
    }
    for (const group of sums.keys()) {
      if (!readings.has(group)) {
        readings.set(group, { t: [...times], v: times.map(() => null) })
      }
    }
    times.push(t)
    for (const [group, reading] of readings) {
      reading.t.push(t)
      reading.v.push(sums.get(group) ?? null)
    }
  }
  if (by.length === 0 && readings.size === 0) {
    readings.set('', { t: times, v: times.map(() => null) })
  }
  return readings
}

function groupKey(
  { metric, labels }: SeriesKey,
  sources: readonly MetricSource[],
  by: readonly string[],
): string | undefined {
  const isWanted = sources.some(
    (source) =>
      source.metric === metric &&
      Object.entries(source.labels ?? {}).every(([name, value]) => labels[name] === value),
  )
  return isWanted ? by.map((name) => labels[name] ?? '').join(',') : undefined
}

/** A numeric signal over time. */
export function readSignal(
  name: SignalName,
  scrapes: readonly Scrape[],
  polls: readonly Health[],
  { labels, from }: Where = {},
): Reading {
  const row: SignalRow = signals[name]
  if (from !== 'health') {
    const reading = readMetric(row, scrapes, labels ?? {})
    if (from === 'metrics' || reading.v.some((value) => value !== null)) return reading
    if (row.health === undefined || labels !== undefined) return reading
    const told = readHealth(row.health, polls, numberOrNull)
    return told.v.some((value) => value !== null) ? told : reading
  }
  return readHealth(row.health, polls, numberOrNull)
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function readMetric(
  row: SignalRow,
  scrapes: readonly Scrape[],
  labels: Readonly<Record<string, string>>,
): Reading {
  const nothing: Reading = { t: [], v: [] }
  for (const { metric, labels: own } of row.metrics) {
    const source = { metric, labels: { ...own, ...labels } }
    const reading = readBy(scrapes, [source], []).get('') ?? nothing
    if (reading.v.some((value) => value !== null)) return reading
  }
  const times = scrapes.flatMap(([, t, , status]) => (status === okStatus ? [t] : []))
  return { t: times, v: times.map(() => null) }
}

/** A text that /health reports, over time; `null` if the answer lacked it. */
export function readText(name: SignalName, polls: readonly Health[]): Reading<string> {
  const row: SignalRow = signals[name]
  return readHealth(row.health, polls, (value) => (typeof value === 'string' ? value : null))
}

function readHealth<V>(
  keys: readonly string[] | undefined,
  polls: readonly Health[],
  take: (value: unknown) => V | null,
): Reading<V> {
  const answered = polls.filter(([, , , status, body]) => status > 0 && body !== null)
  return {
    t: answered.map(([, t]) => t),
    v: answered.map(([, , , , body]) => (keys === undefined ? null : take(dig(body, keys)))),
  }
}

/** The value at a path of keys; undefined where there is none. */
export function dig(value: unknown, keys: readonly string[]): unknown {
  let at = value
  for (const key of keys) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return at
}

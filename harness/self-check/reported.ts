/** Edits what the target reported: signals by name, in /metrics and in /health alike. */
import type { Micros } from '../history/event.ts'
import { parseSeries } from '../history/readings.ts'
import { signals, type SignalName, type SignalRow } from '../history/signals.ts'
import { editHealth, editScrapes, type Events } from './edit.ts'

/** The new value of one series; null takes it away. */
type Change = (
  value: number,
  labels: Readonly<Record<string, string>>,
  t: Micros,
) => number | 'NaN' | null

/** Whether a series is one of a signal's. */
export function isOfSignal(name: SignalName, key: string): boolean {
  const { metric, labels } = parseSeries(key)
  const row: SignalRow = signals[name]
  return row.metrics.some(
    (source) =>
      source.metric === metric &&
      Object.entries(source.labels ?? {}).every(([label, value]) => labels[label] === value),
  )
}

/** Changes a signal in every scrape. */
export const editMetric = (events: Events, name: SignalName, change: Change): Events =>
  editScrapes(events, (series, t) => {
    for (const [key, value] of series) {
      if (!isOfSignal(name, key)) continue
      const changed = change(Number(value), parseSeries(key).labels, t)
      if (changed === null) series.delete(key)
      else series.set(key, changed)
    }
    return series
  })

/** Changes a signal wherever it is reported, in scrapes and in polls of /health. */
export function editSignal(events: Events, name: SignalName, change: Change): Events {
  const { health: keys }: SignalRow = signals[name]
  const scraped = editMetric(events, name, change)
  if (keys === undefined) return scraped
  return editHealth(scraped, (body, t) => {
    const [room, key] = keys.length === 1 ? [undefined, keys[0]] : keys
    const holder = (room === undefined ? body : body[room]) as Record<string, unknown> | undefined
    const value = holder?.[key as string]
    if (typeof value !== 'number') return body
    const edited = { ...holder, [key as string]: change(value, {}, t) }
    return room === undefined ? edited : { ...body, [room]: edited }
  })
}

/** The signal stands still at what it was at `t`. */
export function freeze(events: Events, name: SignalName, since: Micros): Events {
  const last = new Map<string, number | null>()
  return editSignal(events, name, (value, labels, t) => {
    const key = JSON.stringify(labels)
    if (t < since || !last.has(key)) last.set(key, value)
    return last.get(key) ?? null
  })
}

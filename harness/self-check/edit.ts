/**
 * Edits on the events of a history: what a damage is made of. Nothing is changed in place, and the
 * order of the events stays, because it is the order of arrival.
 */
import {
  isHot,
  isOfKind,
  timeOf,
  type Delivered,
  type EventKind,
  type EventOf,
  type Health,
  type HistoryEvent,
  type LagTruth,
  type Micros,
  type Scrape,
} from '../history/event.ts'

export type Events = readonly HistoryEvent[]

/** One record as it arrived at one client. */
export interface Row {
  readonly client: number
  readonly partition: number
  readonly offset: number
  readonly t: Micros
  readonly path: 'live' | 'replay'
}

/** The records of one run of deliveries, each with its arrival. */
export function rowsOf([, start, client, partition, first, , arrivals, path]: Delivered): Row[] {
  const rows: Row[] = []
  let t = start
  let offset = Number(first)
  for (let i = 0; i < arrivals.length; i += 2) {
    t += arrivals[i] as number
    for (let n = arrivals[i + 1] as number; n > 0; n -= 1) {
      rows.push({ client, partition, offset, t, path })
      offset += 1
    }
  }
  return rows
}

/** The other way round: rows that follow one another become one run. */
export function runsOf(rows: readonly Row[]): Delivered[] {
  const runs: Delivered[] = []
  let begin = 0
  for (let i = 1; i <= rows.length; i += 1) {
    const [before, row] = [rows[i - 1], rows[i]]
    if (before !== undefined && row !== undefined && follows(before, row)) continue
    if (before !== undefined) runs.push(runOf(rows.slice(begin, i)))
    begin = i
  }
  return runs
}

const follows = (before: Row, row: Row): boolean =>
  row.client === before.client &&
  row.partition === before.partition &&
  row.path === before.path &&
  row.offset === before.offset + 1 &&
  row.t >= before.t

function runOf(rows: readonly Row[]): Delivered {
  const { client, partition, offset, t, path } = rows[0] as Row
  const arrivals: number[] = []
  let at = t
  for (const row of rows) {
    if (row.t === at && arrivals.length > 0) (arrivals[arrivals.length - 1] as number) += 1
    else arrivals.push(row.t - at, 1)
    at = row.t
  }
  return ['delivered', t, client, partition, String(offset), rows.length, arrivals, path]
}

/** When the last record of a run arrived. */
export const untilOf = ([, t, , , , , arrivals]: Delivered): Micros =>
  arrivals.reduce((sum, value, i) => (i % 2 === 0 ? sum + value : sum), t)

/** Replaces the rows of those runs that `isTouched`. */
export function editRows(
  events: Events,
  isTouched: (run: Delivered) => boolean,
  edit: (rows: readonly Row[]) => readonly Row[],
): Events {
  return editKind(events, 'delivered', (run) =>
    isTouched(run) ? runsOf(edit(rowsOf(run))) : [run],
  )
}

/** Which deliveries are meant; what is not said is not asked for. */
export interface Where {
  readonly clients?: readonly number[]
  readonly partition?: number
  readonly first?: number
  readonly last?: number
  /** Arrivals from then on, and up to then. */
  readonly since?: Micros
  readonly until?: Micros
  readonly path?: 'live' | 'replay'
}

export function isMeant(row: Row, where: Where): boolean {
  const { first = 0, last = Infinity, since = 0, until = Infinity } = where
  const isOfWhom =
    (where.clients?.includes(row.client) ?? true) &&
    (where.partition ?? row.partition) === row.partition &&
    (where.path ?? row.path) === row.path
  const isWithin = row.offset >= first && row.offset <= last
  return isOfWhom && isWithin && row.t >= since && row.t <= until
}

const mayMean = (run: Delivered, where: Where): boolean => {
  const [, t, client, partition, first, count, , path] = run
  return (
    (where.clients?.includes(client) ?? true) &&
    (where.partition ?? partition) === partition &&
    (where.path ?? path) === path &&
    Number(first) <= (where.last ?? Infinity) &&
    Number(first) + count - 1 >= (where.first ?? 0) &&
    t <= (where.until ?? Infinity) &&
    (where.since === undefined || untilOf(run) >= where.since)
  )
}

/** Takes deliveries away. */
export const withoutDeliveries = (events: Events, where: Where): Events =>
  editRows(
    events,
    (run) => mayMean(run, where),
    (rows) => rows.filter((row) => !isMeant(row, where)),
  )

/** Changes deliveries one by one; one may become several. */
export const changeDeliveries = (
  events: Events,
  where: Where,
  change: (row: Row) => Row | readonly Row[],
): Events =>
  editRows(
    events,
    (run) => mayMean(run, where),
    (rows) => rows.flatMap((row) => (isMeant(row, where) ? change(row) : [row])),
  )

/** All deliveries that are meant, in the order of the file. */
export const deliveriesOf = (events: Events, where: Where): Row[] =>
  events.flatMap((event) =>
    isOfKind(event, 'delivered') && mayMean(event, where)
      ? rowsOf(event).filter((row) => isMeant(row, where))
      : [],
  )

/** Replaces events of one kind; an empty list takes one away. */
export function editKind<K extends EventKind>(
  events: Events,
  kind: K,
  edit: (event: EventOf<K>) => readonly HistoryEvent[],
): Events {
  return events.flatMap((event) => (isOfKind(event, kind) ? edit(event) : [event]))
}

/** Takes events of one kind away. */
export const withoutKind = <K extends EventKind>(
  events: Events,
  kind: K,
  isMeantToGo: (event: EventOf<K>) => boolean = () => true,
): Events => editKind(events, kind, (event) => (isMeantToGo(event) ? [] : [event]))

/** Events that a client's connection wrote, with their client. */
export function clientOf(event: HistoryEvent): number | undefined {
  if (!isHot(event)) return 'client' in event ? event.client : undefined
  const [kind] = event
  return kind === 'delivered' || kind === 'control' || kind === 'sent' || kind === 'garbled'
    ? event[2]
    : undefined
}

/** The same event at another time. */
export const movedTo = (event: HistoryEvent, t: Micros): HistoryEvent =>
  isHot(event) ? (event.with(1, t) as unknown as HistoryEvent) : { ...event, t }

/** What happened from `since` on happens so much later, as if something had been waited for. */
export function happenLater(events: Events, since: Micros, byMicros: Micros): Events {
  const moved = (t: Micros) => (t >= since ? t + byMicros : t)
  return events.flatMap((event): readonly HistoryEvent[] => {
    if (isOfKind(event, 'delivered')) {
      return runsOf(rowsOf(event).map((row) => ({ ...row, t: moved(row.t) })))
    }
    if (!isOfKind(event, 'acked')) return [movedTo(event, moved(timeOf(event)))]
    const [kind, t, partition, first, sentAt, records] = event
    return [[kind, moved(t), partition, first, moved(sentAt), records]]
  })
}

/** Puts events of a client where they would stand had they come at `t`. */
export function insert(events: Events, client: number, t: Micros, ...more: HistoryEvent[]): Events {
  const at = events.findLastIndex((event) => clientOf(event) === client && timeOf(event) <= t)
  return [...events.slice(0, at + 1), ...more, ...events.slice(at + 1)]
}

/** Series of a scrape by their keys, as the exposition has them. */
export type SeriesMap = Map<string, Scrape[4][string]>

/** Changes the values of scrapes. The journal holds differences, so each is written whole again. */
export function editScrapes(
  events: Events,
  edit: (series: SeriesMap, t: Micros) => SeriesMap,
): Events {
  const was: SeriesMap = new Map()
  let told: SeriesMap = new Map()
  return editKind(events, 'scrape', (scrape) => {
    const [kind, t, took, status, changed] = scrape
    if (status !== 200) return [scrape]
    for (const [key, value] of Object.entries(changed)) {
      if (value === null) was.delete(key)
      else was.set(key, value)
    }
    const now = edit(new Map(was), t)
    const difference: Record<string, Scrape[4][string]> = {}
    for (const [key, value] of now) if (told.get(key) !== value) difference[key] = value
    for (const key of told.keys()) if (!now.has(key)) difference[key] = null
    told = now
    return [[kind, t, took, status, difference]]
  })
}

/** Changes the bodies of /health. */
export const editHealth = (
  events: Events,
  edit: (body: Record<string, unknown>, t: Micros) => Record<string, unknown>,
): Events =>
  editKind(events, 'health', (poll): Health[] => {
    const [kind, t, took, status, body, ...why] = poll
    return body === null ? [poll] : [[kind, t, took, status, edit(body, t), ...why]]
  })

type Truth = LagTruth[4][string]

/** Changes what the broker said of partitions. */
export const editTruth = (
  events: Events,
  edit: (truth: Truth, partition: number, t: Micros) => Truth,
): Events =>
  editKind(events, 'lagtruth', ([kind, t, took, state, partitions]): LagTruth[] => {
    const edited = Object.entries(partitions).map(
      ([name, truth]) => [name, edit(truth, Number(name), t)] as const,
    )
    return [[kind, t, took, state, Object.fromEntries(edited)]]
  })

/** The same without one key. */
export const withoutKey = (
  of: Readonly<Record<string, unknown>>,
  name: string,
): Record<string, unknown> => Object.fromEntries(Object.entries(of).filter(([key]) => key !== name))

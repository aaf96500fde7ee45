/**
 * The reading end of the history. Reading never crashes, whichever bytes a file holds: lines that
 * cannot be read are counted and become trouble, so that the verdict is `unknown` and not a guess.
 *
 * Deliveries and acknowledgements, millions of them, go into columns as they are read;
 * all other events are few and are kept as they are.
 */
import { basename } from 'node:path'
import { signals, type SignalRow, type SignalName } from './signals.ts'
import {
  DeliveriesBuilder,
  SightsBuilder,
  type ClientDeliveries,
  type Sight,
} from './deliveries.ts'
import {
  isHot,
  isOfKind,
  kindOf,
  timeOf,
  type EventKind,
  type EventOf,
  type HistoryEvent,
  type HotEvent,
  type Micros,
} from './event.ts'
import { eachEvent, type ReadJournal } from './journal-lines.ts'
import { latencyBins, latencyHistogram, type Histogram } from './latency.ts'
import { journalFiles, type LineFaults } from './lines.ts'
import {
  readBy,
  readSignal,
  readText,
  replayed,
  type Reading,
  type Where,
  type WholeScrape,
} from './readings.ts'
import { RecordsBuilder, type PartitionRecords } from './records.ts'
import {
  faultsOf,
  isFault,
  merged,
  phasesOf,
  sessionsOf,
  type FaultWindow,
  type NamedWindow,
  type Session,
  type Window,
} from './windows.ts'
import { isEvent } from './well-formed.ts'

/** Kinds that are only offered as columns, by `stream()`. */
export type StreamKind = 'acked' | 'seen' | 'delivered'
/** Kinds whose events are kept as they are. */
export type KeptKind = Exclude<EventKind, StreamKind>

/** The records and who received them. */
export interface Stream {
  readonly records: ReadonlyMap<number, PartitionRecords>
  readonly deliveries: ReadonlyMap<number, ClientDeliveries>
  /** First sights of records' bytes, one per process and record. */
  readonly sights: Iterable<Sight>
  /** Totals: records acknowledged, records delivered to clients. */
  readonly acked: number
  readonly delivered: number
}

/** What could not be read. */
export interface ReadFaults extends LineFaults {
  /** Lines that are not events. */
  garbled: number
}

/** A history, read-only. Times are microseconds since the start of the run. */
export interface History {
  /** Events of one kind, by time. */
  events<K extends KeptKind>(kind: K): readonly EventOf<K>[]
  /** Place of an event among all as they were read; see `Run.order`. */
  orderOf(event: HistoryEvent): number
  /** The first window of that name. */
  phase(name: string): Window | undefined
  readonly phases: readonly NamedWindow[]
  readonly faults: readonly FaultWindow[]
  /** Connections by client; a client that came back has several. */
  readonly sessions: ReadonlyMap<number, readonly Session[]>
  stream(): Stream
  /** A quantity that the target reported, over time; see harness/history/signals.ts. */
  signal(name: SignalName, where?: Where): Reading
  /** The same by the values of the signal's `by` labels, joined by commas. */
  signalBy(name: SignalName): ReadonlyMap<string, Reading>
  /** A text that /health reported, over time. */
  text(name: SignalName): Reading<string>
  /** Answered scrapes with all their series; built on the fly, so take them one by one. */
  scrapes(): Generator<WholeScrape>
  /** Latency from hand-over to Kafka until arrival, microseconds. */
  latency(clients: Iterable<number>, window?: Window): Histogram
  /** The same of all clients, one histogram for every `width` µs up to the end. */
  latencyBins(width: Micros): Histogram[]
  /** The time of the latest event; records of a run of deliveries may arrive a little later. */
  readonly end: Micros
  readonly readFaults: Readonly<ReadFaults>
  /** The files that it was read from; undefined for events that were in memory. */
  readonly journals: readonly ReadJournal[] | undefined
  /** What the harness could not do at one place, such as `dead-letters`. */
  troubleOf(where: string): readonly EventOf<'trouble'>[]
}

/**
 * Reads all journals of a run's history folder.
 *
 * @throws if the folder cannot be read; Trouble if it holds a journal of a newer version
 */
export function readHistory(folder: string): History {
  const builder = new HistoryBuilder()
  const journals = journalFiles(folder).map((file) => {
    return eachEvent(file, builder.faults, (event, line) => {
      if (event === undefined || !builder.add(event)) builder.garbled(`${basename(file)}:${line}`)
    })
  })
  return { ...builder.build(), journals }
}

/** The history of events that are in memory already, in any order. */
export function historyOf(events: readonly HistoryEvent[]): History {
  const builder = new HistoryBuilder()
  for (const event of events) {
    if (!isEvent(event) || !builder.add(event)) builder.garbled(JSON.stringify(event))
  }
  return builder.build()
}

/** How many garbled lines are reported one by one. */
const garbledToldMax = 20

class HistoryBuilder {
  readonly faults: ReadFaults = { truncated: 0, tooLong: 0, garbled: 0 }
  readonly #kept = new Map<KeptKind, HistoryEvent[]>()
  readonly #orders = new WeakMap<HistoryEvent, number>()
  #order = 0
  readonly #records = new RecordsBuilder()
  readonly #deliveries = new DeliveriesBuilder()
  readonly #sights = new SightsBuilder()
  #end: Micros = 0

  /** Takes one event; `false` when it is none. */
  add(event: HistoryEvent): boolean {
    this.#order += 1
    const isTaken = isHot(event) ? this.#takeHot(event) : this.#keep(event)
    if (isTaken) this.#end = Math.max(this.#end, timeOf(event))
    return isTaken
  }

  garbled(where: string): void {
    this.faults.garbled += 1
    if (this.faults.garbled > garbledToldMax) return
    const what = `not an event: ${where.slice(0, 200)}`
    this.#keep({ kind: 'trouble', t: this.#end, where: 'history', what })
  }

  build(): History {
    for (const events of this.#kept.values()) events.sort((a, b) => timeOf(a) - timeOf(b))
    const events = <K extends KeptKind>(kind: K) =>
      (this.#kept.get(kind) ?? []) as unknown as readonly EventOf<K>[]
    return historyFrom(
      events,
      (event) => this.#orders.get(event) ?? -1,
      this.#end,
      this.faults,
      () => this.#stream(),
    )
  }

  #takeHot(event: HotEvent): boolean {
    if (event[0] === 'acked') {
      if (!isOffset(event[3]) || !Array.isArray(event[5])) return false
      this.#records.add(event)
    } else if (event[0] === 'delivered') {
      if (!isOffset(event[4]) || !Array.isArray(event[6])) return false
      this.#deliveries.add(event, this.#order)
    } else if (event[0] === 'seen') {
      if (!isOffset(event[3]) || !Array.isArray(event[4]) || !Array.isArray(event[5])) return false
      this.#sights.add(event)
    } else {
      return this.#keep(event)
    }
    return true
  }

  #keep(event: EventOf<KeptKind>): boolean {
    const kind = kindOf(event) as KeptKind
    if (isOfKind(event, 'fault') && !isFault(event)) return false
    const events = this.#kept.get(kind)
    this.#orders.set(event, this.#order)
    if (events === undefined) this.#kept.set(kind, [event])
    else events.push(event)
    return true
  }

  #stream(): Stream {
    const records = this.#records.build()
    const deliveries = this.#deliveries.build()
    return {
      records,
      deliveries,
      sights: this.#sights,
      acked: sum(records.values().map(({ length }) => length)),
      delivered: sum(deliveries.values().map(({ count }) => count)),
    }
  }
}

const isOffset = (text: unknown): boolean => typeof text === 'string' && /^\d{1,16}$/.test(text)

function historyFrom(
  events: History['events'],
  orderOf: History['orderOf'],
  end: Micros,
  readFaults: ReadFaults,
  build: () => Stream,
): History {
  const stream = once(build)
  const phases = phasesOf(events('phase'), end)
  return {
    events,
    orderOf,
    end,
    readFaults,
    journals: undefined,
    troubleOf: (where) => events('trouble').filter((one) => one.where === where),
    phases,
    phase: (name) => phases.find((phase) => phase.name === name),
    faults: faultsOf(events('fault'), end),
    sessions: sessionsOf(merged(events('opened'), events('closed'), events('stalled')), end),
    stream,
    signal: (name, where) => readSignal(name, events('scrape'), events('health'), where),
    signalBy(name) {
      const row: SignalRow = signals[name]
      return readBy(events('scrape'), row.metrics, row.by ?? [])
    },
    text: (name) => readText(name, events('health')),
    *scrapes() {
      for (const [[, t, tookMicros], series] of replayed(events('scrape'))) {
        yield { t, tookMicros, series: new Map(series) }
      }
    },
    latency(clients, window = { begin: 0, end: Infinity }) {
      const { records, deliveries } = stream()
      const wanted = [...clients].flatMap((client) => deliveries.get(client) ?? [])
      return latencyHistogram(records, wanted, window)
    },
    latencyBins(width) {
      const { records, deliveries } = stream()
      return latencyBins(records, deliveries.values(), end, width)
    },
  }
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((a, b) => a + b, 0)

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

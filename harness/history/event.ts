/**
 * The history: everything that anyone saw during a run, and the only thing that checkers read.
 *
 * On disk it is newline-delimited JSON, one event a line, in one append-only file per writing
 * process; version.ts says how a file begins and end-mark.ts how it ends. `t` is whole
 * microseconds since the start of the run, on the machine's monotonic clock (one domain for all
 * local processes).
 *
 * What is written per record, frame or sample is hot: a tuple, `[kind, t, ...]`, so that a million
 * deliveries stay below 50 MB. All else is cold: an object, `{ kind, t, ... }`, whose fields have
 * names and can become more without harm to those who read it.
 */
import type { FaultEffects } from './effects.ts'

/** Microseconds since the start of the run. */
export type Micros = number

/** What all cold events have. */
interface Cold<K extends string> {
  readonly kind: K
  readonly t: Micros
}

/** Identity of one produced record within a run: its position in the producer's plan. */
export type RecordNumber = number

/** `[number, thread, sequence, crc32, bytes]`, for a malformed record its kind's name behind. */
export type ProducedRecord =
  | readonly [RecordNumber, string, number, number, number]
  | readonly [RecordNumber, string, number, number, number, MalformedName]

/** Name of a malformed kind, see harness/stimuli. Any text, so that old histories stay readable. */
export type MalformedName = string

/**
 * The broker acknowledged these records at `baseOffset`, `baseOffset + 1`, … of `partition`.
 * `sentAt` is when the batch was handed to Kafka. crc32 and bytes are of the whole Kafka value;
 * a tombstone has bytes -1.
 */
export type Acked = readonly [
  'acked',
  Micros,
  partition: number,
  baseOffset: string,
  sentAt: Micros,
  records: readonly ProducedRecord[],
]
/** A send failed. `isCertain` is false where the broker may have stored the records anyway. */
export type Unacked = readonly [
  'unacked',
  Micros,
  partition: number,
  isCertain: boolean,
  why: string,
  records: readonly ProducedRecord[],
]
/** Records the producer itself dropped (bounded queue full): counted, never sent. */
export interface Dropped extends Cold<'dropped'> {
  readonly count: number
  readonly why: string
}

/** A record was stored in an aborted transaction: no client may get it. */
export interface Aborted extends Cold<'aborted'> {
  readonly partition: number
  readonly offset: string
}

/** A client opened. One that comes back opens again under its number: it is owed what it missed. */
export interface Opened extends Cold<'opened'> {
  readonly client: number
  readonly group: string
}
/** A connection was refused before it was a WebSocket. Status 0: no HTTP answer at all. */
export interface Refused extends Cold<'refused'> {
  readonly group: string
  readonly status: number
  readonly why: string
}
/**
 * A connection ended. `code` 1006: no close frame came; `reason` then says how, and whether inside
 * a frame. `by`: who began; `network` is an error of the socket, a RST above all.
 */
export interface Closed extends Cold<'closed'> {
  readonly client: number
  readonly code: number
  readonly reason: string
  readonly by: 'relay' | 'client' | 'network'
}
/** First sight of a record by this process: what its bytes were. Later sights must agree. */
export type Seen = readonly [
  'seen',
  Micros,
  partition: number,
  firstOffset: string,
  crcs: readonly number[],
  bytes: readonly number[],
]
/**
 * A run of deliveries to one client: `count` records of consecutive offsets, all with the bytes of
 * their `seen` event. `arrivals` is `[dt, n, dt, n, …]`: n records arrived dt µs after the one
 * before (the first dt counts from the event's own t).
 */
export type Delivered = readonly [
  'delivered',
  Micros,
  client: number,
  partition: number,
  firstOffset: string,
  count: number,
  arrivals: readonly number[],
  path: 'live' | 'replay',
]
/** A delivery whose bytes differ from first sight, or a frame that broke the protocol. */
export type Garbled = readonly [
  'garbled',
  Micros,
  client: number,
  partition: number,
  offset: string,
  why: string,
]
/** A control frame that a client received, parsed. Cursors are not recorded; pongs as a `count`. */
export type ControlIn = readonly ['control', Micros, client: number, frame: Record<string, unknown>]
/**
 * A control frame that a client sent; floods are one event with a count. `what` is `resume:<from>`,
 * `reset`, `ping:json`, `ping:native`, `handshake-aborted:<stage>`, `hostile:<name>`, or
 * `hostile-alone:<name>`, which is said on a connection on which nothing else was.
 */
export type ControlOut = readonly ['sent', Micros, client: number, what: string, count: number]
/** A client stopped (`true`) or went on (`false`) reading. */
export interface Reading extends Cold<'stalled'> {
  readonly client: number
  readonly isStalled: boolean
}
/** The reference client's reaction to a record it did not simply apply. */
export type Refusal = readonly [
  'refusal',
  Micros,
  client: number,
  partition: number,
  offset: string,
  reason: string,
]
/** The reference client's state of one run compared with the producer's truth at that sequence. */
export type RunState = readonly [
  'runstate',
  Micros,
  client: number,
  thread: string,
  sequence: number,
  isEqual: boolean,
  flags: readonly string[],
]

/** One poll of /health. Status 0: no answer; `why` says so. */
export type Health = readonly [
  'health',
  Micros,
  tookMicros: number,
  status: number,
  body: Record<string, unknown> | null,
  why?: string,
]
/** One GET of another JSON page of the target, `/version` above all. */
export interface Page extends Cold<'page'> {
  readonly path: string
  readonly status: number
  readonly body: unknown
}
/**
 * One scrape of /metrics: the series whose value changed since the scrape before (`null`: the
 * series is gone), keyed as `name{label="value",…}` with sorted labels. Status 0: no answer. The
 * three values that JSON has no number for are spelt as Prometheus spells them.
 */
export type Scrape = readonly [
  'scrape',
  Micros,
  tookMicros: number,
  status: number,
  changed: Record<string, number | 'NaN' | '+Inf' | '-Inf' | null>,
]
/**
 * Memory and CPU of one process, from the operating system. `role` as in `process` events. Of the
 * target it also says how long that thread has waited for a processor which waited longest.
 */
export type Memory = readonly [
  'memory',
  Micros,
  role: string,
  rssBytes: number,
  cpuMicros: number,
  waitedMicros?: number,
]
/**
 * The harness's own truth on lag: per partition `[logStart, logEnd, committed, isOwned]`, committed
 * `-1` for none; `isOwned` says whether the target's group member holds the partition now.
 */
export type LagTruth = readonly [
  'lagtruth',
  Micros,
  tookMicros: number,
  groupState: string,
  partitions: Readonly<Record<string, readonly [string, string, string, boolean]>>,
]
/** A dead-letter record that the harness read back. */
export interface DeadLetter extends Cold<'deadletter'> {
  readonly fields: Record<string, unknown>
}

export type FaultStep = 'inject' | 'active' | 'ineffective' | 'heal' | 'failed'
/**
 * What happened to a fault. `evidence` holds the measurement that shows its effect; at `inject`
 * it is the scenario's own words, and `effects` says what the fault does, independent of its name.
 */
export interface Fault extends Cold<'fault'> {
  readonly id: string
  readonly step: FaultStep
  readonly evidence: Record<string, unknown>
  readonly effects?: FaultEffects
}
/** A phase of the scenario begins or ends. `settle` and `steady` are phases too. */
export interface Phase extends Cold<'phase'> {
  readonly name: string
  readonly edge: 'begin' | 'end'
  readonly why?: string
}
/**
 * A process that belongs to the run. Edge `signal`: we asked it to end, with that signal; `exit`:
 * it has ended, with the code or by the signal.
 */
export interface Process extends Cold<'process'> {
  readonly role: string
  readonly pid: number
  readonly edge: 'start' | 'signal' | 'exit'
  readonly code: number | null
  readonly signal: string | null
}
/** Something the harness itself could not do; makes what depends on it `unknown`. */
export interface Trouble extends Cold<'trouble'> {
  readonly where: string
  readonly what: string
}
/** A line that a process of the run wrote, the target's above all; rate and length are bounded. */
export interface Log extends Cold<'log'> {
  readonly role: string
  readonly line: string
}
/**
 * How well a process of the harness could watch in the time before: the longest delay of its event
 * loop, samples it had to leave out, bytes that waited to be read.
 */
export type Strain = readonly [
  'strain',
  Micros,
  role: string,
  loopDelayMs: number,
  missedSamples: number,
  backlogBytes: number,
]
/**
 * Alerts are watched: from `begin` on with these rules, not between `lost` and `back`, because
 * Prometheus did not answer, and not after `end`.
 */
export interface AlertWatch extends Cold<'alertwatch'> {
  readonly edge: 'begin' | 'lost' | 'back' | 'end'
  /** Names of the rules that Prometheus has loaded. */
  readonly rules: readonly string[]
}
/** An alert, which is a rule with labels, has another state than before; at first `inactive`. */
export interface AlertState extends Cold<'alert'> {
  readonly alert: string
  readonly state: 'inactive' | 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
}
/** A receiver was notified of an alert. */
export interface Notified extends Cold<'notified'> {
  readonly receiver: string
  readonly alert: string
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
}
/** What is written per record, frame or sample. */
export type HotEvent =
  | Acked
  | Unacked
  | Seen
  | Delivered
  | Garbled
  | ControlIn
  | ControlOut
  | Refusal
  | RunState
  | Health
  | Scrape
  | Memory
  | LagTruth
  | Strain

/** What happens now and then. */
export type ColdEvent =
  | Dropped
  | Aborted
  | Opened
  | Refused
  | Closed
  | Reading
  | Page
  | DeadLetter
  | Fault
  | Phase
  | Process
  | Trouble
  | Log
  | AlertWatch
  | AlertState
  | Notified

export type HistoryEvent = HotEvent | ColdEvent
export type HotKind = HotEvent[0]
export type ColdKind = ColdEvent['kind']
export type EventKind = HotKind | ColdKind
export type EventOf<K extends EventKind> =
  | Extract<HotEvent, readonly [K, ...unknown[]]>
  | Extract<ColdEvent, { readonly kind: K }>

/** Whether an event is a tuple. */
export const isHot = (event: HistoryEvent): event is HotEvent => Array.isArray(event)

/** The kind of an event in either form. */
export const kindOf = (event: HistoryEvent): EventKind => (isHot(event) ? event[0] : event.kind)

/** The time of an event in either form. */
export const timeOf = (event: HistoryEvent): Micros => (isHot(event) ? event[1] : event.t)

/** Whether an event is of that kind, for the compiler as well. */
export const isOfKind = <K extends EventKind>(
  event: HistoryEvent,
  kind: K,
): event is EventOf<K> & HistoryEvent => kindOf(event) === kind

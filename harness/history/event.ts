/**
 * The history: everything that anyone saw during a run, and the only thing that checkers read.
 *
 * On disk it is newline-delimited JSON, one array an event, `[kind, t, ...]`, in one append-only
 * file per writing process. `t` is whole microseconds since the start of the run, on the machine's
 * monotonic clock (one domain for all local processes). Hot events describe many records at once,
 * so that a million deliveries stay below 50 MB.
 */

/** Microseconds since the start of the run. */
export type Micros = number

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
export type Dropped = readonly ['dropped', Micros, count: number, why: string]

/** A record was stored in a transaction that was given up: nobody may read it. */
export type Aborted = readonly ['aborted', Micros, partition: number, offset: string]

/** A client opened. One that comes back opens again under its number: it is owed what it missed. */
export type Opened = readonly ['opened', Micros, client: number, group: string]
/** A connection was refused before it was a WebSocket. Status 0: no HTTP answer at all. */
export type Refused = readonly ['refused', Micros, group: string, status: number, why: string]
/**
 * A connection ended. `code` 1006: no close frame came; `reason` then says how, and whether inside
 * a frame. `by`: who began; `network` is an error of the socket, a RST above all.
 */
export type Closed = readonly [
  'closed',
  Micros,
  client: number,
  code: number,
  reason: string,
  by: 'relay' | 'client' | 'network',
]
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
/** A control frame that a client received, parsed. Cursors are not told; pongs as a `count`. */
export type ControlIn = readonly ['control', Micros, client: number, frame: Record<string, unknown>]
/**
 * A control frame that a client sent; floods are one event with a count. `what` is `resume:<from>`,
 * `reset`, `ping:json`, `ping:native`, `handshake-aborted:<stage>`, `hostile:<name>`, or
 * `hostile-alone:<name>`, which is said on a connection on which nothing else was.
 */
export type ControlOut = readonly ['sent', Micros, client: number, what: string, count: number]
/** A client stopped (`true`) or went on (`false`) reading. `bytesRead` so far. */
export type Reading = readonly ['stalled', Micros, client: number, isStalled: boolean]
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
export type Page = readonly ['page', Micros, path: string, status: number, body: unknown]
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
export type DeadLetter = readonly ['deadletter', Micros, fields: Record<string, unknown>]

export type FaultStep = 'inject' | 'bites' | 'toothless' | 'heal' | 'failed'
/** What happened to a fault. `evidence` holds the measurement that shows that it bites. */
export type Fault = readonly [
  'fault',
  Micros,
  id: string,
  step: FaultStep,
  evidence: Record<string, unknown>,
]
/** A phase of the scenario begins or ends. `settle` and `steady` are phases too. */
export type Phase = readonly ['phase', Micros, name: string, edge: 'begin' | 'end', why?: string]
/**
 * A process that belongs to the run. `signal`: we asked it to end, with the signal that stands in
 * the last place; `exit`: it has ended, with the code or by the signal.
 */
export type Process = readonly [
  'process',
  Micros,
  role: string,
  pid: number,
  edge: 'start' | 'signal' | 'exit',
  code: number | null,
  signal: string | null,
]
/** Something the harness itself could not do; makes what depends on it `unknown`. */
export type Trouble = readonly ['trouble', Micros, where: string, what: string]
/** A line that a process of the run wrote, the target's above all; rate and length are bounded. */
export type Log = readonly ['log', Micros, role: string, line: string]
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
 * The last line of a journal: how many events of each kind it holds, and a crc32 over all bytes
 * before this number. A journal without it was cut, or lost lines.
 */
export type End = readonly ['end', Micros, counts: Readonly<Record<string, number>>, crc32: number]

export type HistoryEvent =
  | Acked
  | Unacked
  | Dropped
  | Aborted
  | Opened
  | Refused
  | Closed
  | Seen
  | Delivered
  | Garbled
  | ControlIn
  | ControlOut
  | Reading
  | Refusal
  | RunState
  | Health
  | Page
  | Scrape
  | Memory
  | LagTruth
  | DeadLetter
  | Fault
  | Phase
  | Process
  | Trouble
  | Log
  | Strain
  | End

export type EventKind = HistoryEvent[0]
export type EventOf<K extends EventKind> = Extract<HistoryEvent, readonly [K, ...unknown[]]>

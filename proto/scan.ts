/**
 * The relay's view of a record: valid or not, and the facts that ordering and latency need. The
 * relay only forwards records, so it decodes none: for the records of our producer, 1 KiB each,
 * protobuf-es's `fromBinary` takes 3.4 times as long, and our checked decode 4.7 times.
 */
import { refuse, type Refusal } from './failures.ts'
import { Walk, type HeaderMarks } from './walk.ts'
import type { DashStreamMessage } from './gen/dashstream_pb.js'

/** The name of a payload as protobuf-es has it: `event`, `stateDiff`, `eventBatch`, … */
export type PayloadKind = NonNullable<DashStreamMessage['message']['case']>

/** Sequences that follow each other without a break, both ends included. */
export interface Span {
  readonly first: bigint
  readonly last: bigint
}

/** The events of one thread in a record. */
export interface Run {
  /** As on the wire; empty when the header has none. */
  readonly thread: string
  /** The largest of the record; 0 is "not numbered". */
  readonly sequence: bigint
  /** Of a batch: its numbered events in order of appearance, where there is more than one. */
  readonly spans?: readonly Span[]
}

/** The facts in a record. Absent fields read as their protobuf defaults. */
export interface RecordFacts {
  /** `undefined` when no payload is set: valid protobuf without content. */
  readonly kind: PayloadKind | undefined
  /** Microseconds since 1970, of the payload's own header; 0 when absent. */
  readonly timestampUs: bigint
  /** The newest schema that the record or an event of its batch needs; 0 reads as 1. */
  readonly schemaVersion: number
  /**
   * One entry per payload; for a batch one per thread of its events, in order of appearance
   * (the envelope's own header does not count).
   */
  readonly runs: readonly Run[]
  /** Its events belong to more threads than `runs` has. */
  readonly isCut?: true
}
export type Scanned = { readonly ok: true; readonly facts: RecordFacts } | Refusal

const NAMED_THREAD_BYTES_MAX = 1_024
/**
 * Threads of a record, and spans of sequences, that are kept apart. Every honest batch has far
 * fewer; a hostile one of a few kB can have millions, and each would cost more than its bytes.
 */
export const RUNS_MAX = 2_048
export const SPANS_MAX = 2_048

interface OpenRun {
  readonly thread: string
  readonly start: number
  readonly end: number
  low: number
  high: number
  /** Ends of spans, four numbers each: low and high of the first and of the last sequence. */
  readonly ends: number[]
}

/** What a scanner takes from its platform; both have portable defaults. */
export interface ScanPlatform {
  isUtf8?: (bytes: Uint8Array) => boolean
  /** Text of `bytes[start, end)`, which is known to be UTF-8. */
  textOf?: (bytes: Uint8Array, start: number, end: number) => string
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const portableText = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end))

/** Makes a scanner of unframed, uncompressed protobuf bytes. Never throws. */
export function createScanner(
  platform: ScanPlatform = {},
): (bytes: Uint8Array, messagesMax?: number) => Scanned {
  const runs = new BatchRuns(platform.textOf ?? portableText)
  const walk = new Walk(runs, platform.isUtf8)
  return (bytes, messagesMax) => {
    runs.begin(bytes)
    if (!walk.record(bytes, messagesMax)) {
      const isMany = walk.failure === 'payload_too_large'
      const said = isMany
        ? `It has more messages within it than ${messagesMax}.`
        : `It is at byte ${walk.failedAt}, in ${walk.failedIn}.`
      const thread = runs.shortThread(walk.header)
      return { ...refuse(walk.failure, said), ...(thread !== '' && { thread }) }
    }
    return { ok: true, facts: factsOf(walk, runs) }
  }
}

function factsOf(walk: Walk, runs: BatchRuns): RecordFacts {
  const header = walk.header
  const kind = walk.payloadName as PayloadKind | undefined
  return {
    kind,
    timestampUs: signed(header.timestampLow, header.timestampHigh),
    schemaVersion: Math.max(1, header.schemaVersion, runs.schemaVersion),
    runs: kind === 'eventBatch' ? runs.read() : kind ? [runs.one(header)] : [],
    ...(kind === 'eventBatch' && runs.isCut && { isCut: true }),
  }
}

/** Collects the threads of a batch while the walk goes on. */
class BatchRuns {
  schemaVersion = 0
  isCut = false
  #spans = 0
  readonly #textOf: (bytes: Uint8Array, start: number, end: number) => string
  #bytes: Uint8Array = new Uint8Array(0)
  #byThread = new Map<string, OpenRun>()
  /** Consecutive events mostly belong to one thread: no text is made for the rest of them. */
  #latest: OpenRun | undefined

  constructor(textOf: (bytes: Uint8Array, start: number, end: number) => string) {
    this.#textOf = textOf
  }

  begin(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.payload()
  }

  payload(): void {
    this.schemaVersion = 0
    this.isCut = false
    this.#spans = 0
    this.#latest = undefined
    if (this.#byThread.size > 0) this.#byThread = new Map()
  }

  batchEvent(marks: HeaderMarks): void {
    if (marks.schemaVersion > this.schemaVersion) this.schemaVersion = marks.schemaVersion
    const run = this.#runOf(marks)
    if (run === undefined) return
    this.#latest = run
    const { sequenceLow: low, sequenceHigh: high } = marks
    if (this.#spans >= SPANS_MAX && run.ends.length > 0) widen(run.ends, low, high)
    else if (lengthen(run.ends, low, high)) this.#spans += 1
    if (high > run.high || (high === run.high && low > run.low)) {
      run.low = low
      run.high = high
    }
  }

  read(): Run[] {
    return Array.from(this.#byThread.values(), ({ thread, low, high, ends }) => {
      const sequence = unsigned(low, high)
      return isOne(ends) ? { thread, sequence } : { thread, sequence, spans: spansOf(ends) }
    })
  }

  one(marks: HeaderMarks): Run {
    return {
      thread: this.#text(marks.threadStart, marks.threadEnd),
      sequence: unsigned(marks.sequenceLow, marks.sequenceHigh),
    }
  }

  /** For messages about the record: a hostile thread name may be as long as its record. */
  shortThread({ threadStart, threadEnd }: HeaderMarks): string {
    if (threadEnd - threadStart > NAMED_THREAD_BYTES_MAX) return ''
    return this.#text(threadStart, threadEnd)
  }

  /** Undefined for a thread that is one too many. */
  #runOf(marks: HeaderMarks): OpenRun | undefined {
    const { threadStart: start, threadEnd: end } = marks
    if (this.#latest && this.#isSameText(this.#latest, start, end)) return this.#latest
    const thread = this.#text(start, end)
    let run = this.#byThread.get(thread)
    if (!run) {
      if (this.#byThread.size >= RUNS_MAX) {
        this.isCut = true
        return undefined
      }
      run = { thread, start, end, low: 0, high: 0, ends: [] }
      this.#byThread.set(thread, run)
    }
    return run
  }

  #isSameText(run: OpenRun, start: number, end: number): boolean {
    if (run.end - run.start !== end - start) return false
    for (let index = 0; index < end - start; index += 1) {
      if (this.#bytes[run.start + index] !== this.#bytes[start + index]) return false
    }
    return true
  }

  #text(start: number, end: number): string {
    return start === end ? '' : this.#textOf(this.#bytes, start, end)
  }
}

/**
 * Appends a sequence to the last span if it follows it, else begins another; 0 means no sequence.
 *
 * @returns whether it began another
 */
function lengthen(ends: number[], low: number, high: number): boolean {
  if (low === 0 && high === 0) return false
  const at = ends.length - 2
  const isCarry = ends[at] === 0xffff_ffff
  const nextLow = isCarry ? 0 : ends[at]! + 1
  if (at > 0 && low === nextLow && high === ends[at + 1]! + Number(isCarry)) {
    ends[at] = low
    ends[at + 1] = high
    return false
  }
  ends.push(low, high, low, high)
  return true
}

/** Widens the last span to contain a sequence, whatever lies between. */
function widen(ends: number[], low: number, high: number): void {
  if (low === 0 && high === 0) return
  const at = ends.length - 4
  if (isLess(low, high, ends[at]!, ends[at + 1]!)) {
    ends[at] = low
    ends[at + 1] = high
  }
  if (isLess(ends[at + 2]!, ends[at + 3]!, low, high)) {
    ends[at + 2] = low
    ends[at + 3] = high
  }
}

const isLess = (low: number, high: number, otherLow: number, otherHigh: number): boolean =>
  high < otherHigh || (high === otherHigh && low < otherLow)

const isOne = (ends: readonly number[]): boolean =>
  ends.length <= 4 && ends[0] === ends[2] && ends[1] === ends[3]

function spansOf(ends: readonly number[]): Span[] {
  return Array.from({ length: ends.length / 4 }, (_, index) => {
    const at = 4 * index
    return {
      first: unsigned(ends[at]!, ends[at + 1]!),
      last: unsigned(ends[at + 2]!, ends[at + 3]!),
    }
  })
}

const SAFE_HIGH = 0x1f_ffff

function unsigned(low: number, high: number): bigint {
  if (high <= SAFE_HIGH) return BigInt(high * 0x1_0000_0000 + low)
  return (BigInt(high) << 32n) | BigInt(low)
}

function signed(low: number, high: number): bigint {
  return high <= SAFE_HIGH ? unsigned(low, high) : BigInt.asIntN(64, unsigned(low, high))
}

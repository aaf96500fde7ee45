/**
 * What a client makes of the frames it reads: pairs of cursor and record, and control frames. One
 * stream lives as long as its client, over all of the client's connections.
 */
import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { Journal } from '../history/journal.ts'
import type { Micros } from '../history/event.ts'
import { cursorOf, readCursor } from './cursor-frame.ts'
import { DeliveryLog, type DeliveryPath } from './delivery-log.ts'
import type { FirstSights } from './first-sights.ts'
import type { FrameSink } from '../wire/frame-reader.ts'

/** What all clients of a process share on the way into the history. */
export interface Recorder {
  readonly journal: Journal
  readonly sights: FirstSights
  /** How many more `garbled` events may be written: a stream out of step makes one a frame. */
  garbledLeft: number
}

export type OutOfStep = 'cursor-without-record' | 'record-without-cursor' | 'cursor-malformed'

/** Who owns the stream: it answers pings, ends connections, and may look at records itself. */
export interface StreamOwner {
  pinged(payload: Buffer): void
  /** The relay said goodbye, or (`code` 1002) broke the protocol. */
  saidClose(code: number, reason: string): void
  broke(why: string): void
  /** Cursors and records are not pairs any more. */
  outOfStep?(how: OutOfStep): void
  /** A record with its cursor; the bytes are valid during the call only. */
  record?(partition: number, offset: number, bytes: Buffer): void
  /** A control frame other than cursor and pong. */
  control?(text: string): void
}

/** What a resume is answered with, at its end. */
const answers = new Set<unknown>(['replay_complete', 'error'])
/** A longer control frame goes into the history as its type and its size. */
const controlCharsMax = 64 * 1_024

export class RelayStream implements FrameSink {
  readonly #recorder: Recorder
  readonly #client: number
  readonly #owner: StreamOwner
  readonly log: DeliveryLog
  /** When the chunk that is being read arrived; set by the owner. */
  t: Micros = 0
  readonly #cursor = { partition: 0, offset: 0 }
  #hasCursor = false
  /** Pongs and answers to resumes so far, for a caller that waits for the next one. */
  readonly heard = { pongs: 0, answers: 0 }
  #replays = 0
  #path: DeliveryPath = 'live'
  #pongs = 0

  constructor(recorder: Recorder, client: number, owner: StreamOwner) {
    this.#recorder = recorder
    this.#client = client
    this.#owner = owner
    this.log = new DeliveryLog(recorder.journal, recorder.sights, client)
  }

  /** A resume was sent: what comes until its `replay_complete` is replay. */
  resumed(): void {
    this.#replays += 1
    this.#path = 'replay'
  }

  /** Whether a replay was asked for and has not come to its end. */
  get isReplaying(): boolean {
    return this.#replays > 0
  }

  /** The connection ended: a cursor without its record is no fault then, nor is a cut replay. */
  disconnected(): void {
    this.#hasCursor = false
    this.#replays = 0
    this.#path = 'live'
    this.flush()
  }

  text(bytes: Buffer, start: number, end: number): void {
    if (readCursor(bytes, start, end, this.#cursor)) this.#announced()
    else this.#otherText(bytes, start, end)
  }

  binary(bytes: Buffer, start: number, end: number): void {
    if (!this.#hasCursor) return this.#outOfStep('record-without-cursor')
    this.#hasCursor = false
    const { partition, offset } = this.#cursor
    const record = bytes.subarray(start, end)
    const crc = crc32(record)
    const fault = this.#recorder.sights.compare(this.t, partition, offset, crc, end - start)
    if (fault === undefined) this.log.add(this.t, partition, offset, this.#path)
    else this.#garbled(fault, partition, offset)
    this.#owner.record?.(partition, offset, record)
  }

  ping(payload: Buffer): void {
    this.#owner.pinged(payload)
  }

  pong(): void {
    this.#pongs += 1
    this.heard.pongs += 1
  }

  close(code: number, reason: string): void {
    this.#owner.saidClose(code, reason)
  }

  broken(why: string): void {
    this.#garbled(why)
    this.#owner.broke(why)
  }

  /** Writes what has grown old; called a few times a second. */
  sweep(now: Micros): void {
    this.log.sweep(now)
    if (this.#pongs > 0) this.#writePongs(now)
  }

  /** Writes everything that waits. */
  flush(): void {
    this.log.flush()
    if (this.#pongs > 0) this.#writePongs(this.t)
  }

  #otherText(bytes: Buffer, start: number, end: number): void {
    const read = parse(bytes.subarray(start, end))
    if (typeof read === 'string') return this.#garbled(read)
    const { text, frame } = read
    if (frame['type'] === 'cursor') return this.#slowCursor(frame)
    const isLastWord = frame['type'] === 'error' || frame['type'] === 'disconnect'
    if (this.#hasCursor && !isLastWord) this.#garbled('frame-inside-pair')
    if (frame['type'] === 'pong') return this.pong()
    this.log.flush()
    const isLong = end - start > controlCharsMax
    const kept = isLong ? { type: frame['type'], bytesLeftOut: end - start } : frame
    this.#recorder.journal.write(['control', this.t, this.#client, kept])
    if (answers.has(frame['type'])) this.heard.answers += 1
    if (frame['type'] === 'replay_complete') this.#replayed()
    this.#owner.control?.(text)
  }

  #slowCursor(frame: Readonly<Record<string, unknown>>): void {
    const cursor = cursorOf(frame)
    if (typeof cursor === 'string') return this.#outOfStep('cursor-malformed', cursor)
    this.#cursor.partition = cursor.partition
    this.#cursor.offset = cursor.offset
    this.#announced()
  }

  #announced(): void {
    const isSecond = this.#hasCursor
    this.#hasCursor = true
    if (isSecond) this.#outOfStep('cursor-without-record')
  }

  /** The owner may give the connection up here, so this comes last. */
  #outOfStep(how: OutOfStep, why: string = how): void {
    this.#garbled(why)
    this.#owner.outOfStep?.(how)
  }

  #replayed(): void {
    this.#replays = Math.max(0, this.#replays - 1)
    this.#path = this.#replays > 0 ? 'replay' : 'live'
  }

  #writePongs(t: Micros): void {
    const frame = { type: 'pong', count: this.#pongs }
    this.#pongs = 0
    this.#recorder.journal.write(['control', t, this.#client, frame])
  }

  #garbled(why: string, partition = -1, offset = -1): void {
    const { journal } = this.#recorder
    this.#recorder.garbledLeft -= 1
    if (this.#recorder.garbledLeft > 0) {
      journal.write(['garbled', this.t, this.#client, partition, String(offset), why])
    } else if (this.#recorder.garbledLeft === 0) {
      journal.write({
        kind: 'trouble',
        t: this.t,
        where: 'fleet',
        what: 'too many garbled frames: no more are written',
      })
    }
  }
}

interface Control {
  readonly text: string
  readonly frame: Readonly<Record<string, unknown>>
}

/** The JSON object in a text frame, or why there is none. */
function parse(bytes: Buffer): Control | string {
  if (!isUtf8(bytes)) return 'text-not-utf8'
  const text = bytes.toString()
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? { text, frame: value as Control['frame'] } : 'text-not-an-object'
  } catch {
    return 'text-not-json'
  }
}

/**
 * The walk over a record's bytes: checks everything that a full decode would check and keeps the
 * few facts that a relay needs, without building a message. Bytes are untrusted until they have
 * passed here, so every step knows the end of the message it is in and the depth it has reached.
 *
 * The rules are those of prost, which DashFlow decodes with, and of the protobuf specification:
 * wire types must match the schema, strings must be UTF-8, nested lengths must fit, groups are
 * unknown fields that must close. Stricter than prost in three cases: a tag takes at most five
 * bytes, and the wire types of map fields and of map entries are checked like any other.
 *
 * By hand, because protobuf-es builds the message, which may take a hundred times the bytes of a
 * hostile record, and throws for what is malformed; scan.ts has what that costs.
 *
 * Positions are numbers; -1 means that the walk failed, and `failure` holds the reason. Exceptions
 * would make a flood of malformed records expensive.
 */
import { DashStreamMessageSchema } from './gen/dashstream_pb.js'
import type { DecodeFailure } from './failures.ts'
import { isUtf8 } from './utf8.ts'
import * as shapes from './wire-shape.ts'
import { compileShape, WIRE_TYPE_OF, type WireShape } from './wire-shape.ts'

/** Messages, map entries and groups below the outermost message; prost's limit. */
export const NESTING_MAX = 100

const RECORD = compileShape(DashStreamMessageSchema)
const payloadShape = (name: string): WireShape => {
  const shape = RECORD.nested[RECORD.names.indexOf(name)]
  if (!shape) throw new Error(`the schema has no payload ${name}`)
  return shape
}
const BATCH = payloadShape('eventBatch')
const EVENT = payloadShape('event')
const HEADER = EVENT.nested[1] as WireShape

const WIRE_VARINT = 0
const WIRE_FIXED64 = 1
const WIRE_LENGTH = 2
const WIRE_GROUP = 3
const WIRE_GROUP_END = 4
const WIRE_FIXED32 = 5

/** Tags of the header fields that are kept: number << 3 | wire type. */
const TIMESTAMP_US = (2 << 3) | WIRE_VARINT
const THREAD_ID = (4 << 3) | WIRE_LENGTH
const SEQUENCE = (5 << 3) | WIRE_VARINT
const SCHEMA_VERSION = (9 << 3) | WIRE_VARINT
/** Tags of a payload's header and of a batch's events. */
const PAYLOAD_HEADER = (1 << 3) | WIRE_LENGTH
const BATCH_EVENT = (2 << 3) | WIRE_LENGTH

/** Strings up to this many bytes are checked here; above it a native check is faster. */
const SHORT_STRING_BYTES = 64

/** Positions of a header's fields. 64-bit numbers stay two halves until they are needed. */
export class HeaderMarks {
  threadStart = 0
  threadEnd = 0
  timestampLow = 0
  timestampHigh = 0
  sequenceLow = 0
  sequenceHigh = 0
  schemaVersion = 0

  clear(): void {
    this.threadStart = 0
    this.threadEnd = 0
    this.timestampLow = 0
    this.timestampHigh = 0
    this.sequenceLow = 0
    this.sequenceHigh = 0
    this.schemaVersion = 0
  }
}

/** What a walk reports; a batch's events are reported one by one, in wire order. */
export interface WalkListener {
  /** The oneof was set to another case than before: what was reported until now is void. */
  payload(): void
  /** An event of a batch ended; `marks` is reused for the next one. */
  batchEvent(marks: HeaderMarks): void
}

/** One walk at a time; the instance is reused, so that a record costs no allocation. */
export class Walk {
  /** Set after a failed walk. */
  failure: DecodeFailure = 'invalid_protobuf'
  /** Byte position of the failure and the message type it lies in. */
  failedAt = 0
  failedIn = RECORD.name
  /** Field number of the oneof case that won, 0 for none. */
  payloadNumber = 0
  readonly header = new HeaderMarks()

  readonly #listener: WalkListener
  readonly #isUtf8Native: (bytes: Uint8Array) => boolean
  readonly #eventHeader = new HeaderMarks()
  #bytes: Uint8Array = new Uint8Array(0)
  /** Halves of the varint that was read last. */
  #low = 0
  #high = 0
  #messagesLeft = Infinity

  constructor(listener: WalkListener, isUtf8Native: (bytes: Uint8Array) => boolean = isUtf8) {
    this.#listener = listener
    this.#isUtf8Native = isUtf8Native
  }

  /**
   * True if `bytes` are one valid DashStreamMessage; `header` and `payloadNumber` are then set.
   *
   * @param messagesMax limit of messages within it, of any kind, that a decoder would build
   */
  record(bytes: Uint8Array, messagesMax = Infinity): boolean {
    this.#bytes = bytes
    this.#messagesLeft = messagesMax
    this.payloadNumber = 0
    this.header.clear()
    let at = 0
    while (at >= 0 && at < bytes.length) at = this.#recordField(at, bytes.length)
    this.#bytes = NO_BYTES
    return at >= 0
  }

  /** protobuf-es's name of the oneof case, or `undefined` when none is set. */
  get payloadName(): string | undefined {
    return RECORD.names[this.payloadNumber]
  }

  #recordField(start: number, end: number): number {
    let at = this.#tag(start, end)
    if (at < 0) return this.#in(RECORD)
    const tag = this.#low
    const number = tag >>> 3
    const shape = number < RECORD.nested.length ? RECORD.nested[number] : undefined
    if (!shape || (tag & 7) !== WIRE_LENGTH) return this.#field(RECORD, tag, at, end, 0)
    if (number !== this.payloadNumber) {
      this.payloadNumber = number
      this.header.clear()
      this.#listener.payload()
    }
    at = this.#length(at, end)
    return at < 0 ? this.#in(RECORD) : this.#payload(shape, this.header, at, at + this.#low, 1)
  }

  #payload(
    shape: WireShape,
    marks: HeaderMarks,
    start: number,
    end: number,
    depth: number,
  ): number {
    if (!this.#countMessage()) return this.#fail('payload_too_large', start, shape)
    let at = start
    while (at < end) {
      at = this.#tag(at, end)
      if (at < 0) return this.#in(shape)
      const tag = this.#low
      if (tag === PAYLOAD_HEADER) at = this.#header(marks, at, end, depth)
      else if (tag === BATCH_EVENT && shape === BATCH) at = this.#batchEvent(at, end, depth)
      else at = this.#field(shape, tag, at, end, depth)
      if (at < 0) return at
    }
    return at
  }

  #batchEvent(start: number, end: number, depth: number): number {
    let at = this.#length(start, end)
    if (at < 0) return this.#in(BATCH)
    const marks = this.#eventHeader
    marks.clear()
    at = this.#payload(EVENT, marks, at, at + this.#low, depth + 1)
    if (at >= 0) this.#listener.batchEvent(marks)
    return at
  }

  #header(marks: HeaderMarks, start: number, limit: number, depth: number): number {
    let at = this.#length(start, limit)
    if (at < 0) return this.#in(HEADER)
    if (!this.#countMessage()) return this.#fail('payload_too_large', start, HEADER)
    const end = at + this.#low
    while (at < end) {
      at = this.#tag(at, end)
      if (at < 0) return this.#in(HEADER)
      const tag = this.#low
      at = this.#field(HEADER, tag, at, end, depth + 1)
      if (at < 0) return at
      // The halves hold the field's number, or the length of a string that ends at `at`.
      if (tag === TIMESTAMP_US) {
        marks.timestampLow = this.#low
        marks.timestampHigh = this.#high
      } else if (tag === THREAD_ID) {
        marks.threadStart = at - this.#low
        marks.threadEnd = at
      } else if (tag === SEQUENCE) {
        marks.sequenceLow = this.#low
        marks.sequenceHigh = this.#high
      } else if (tag === SCHEMA_VERSION) marks.schemaVersion = this.#low
    }
    return at
  }

  #message(shape: WireShape, start: number, end: number, depth: number): number {
    if (depth > NESTING_MAX) return this.#fail('nesting_too_deep', start, shape)
    if (!this.#countMessage()) return this.#fail('payload_too_large', start, shape)
    let at = start
    while (at < end) {
      at = this.#tag(at, end)
      if (at < 0) return this.#in(shape)
      at = this.#field(shape, this.#low, at, end, depth)
      if (at < 0) return at
    }
    return at
  }

  /** Checks one field after its tag; returns where the next one begins. */
  #field(shape: WireShape, tag: number, start: number, end: number, depth: number): number {
    const number = tag >>> 3
    const kind = number < shape.kinds.length ? (shape.kinds[number] as number) : shapes.UNKNOWN
    if (kind === shapes.UNKNOWN) return this.#unknownField(shape, tag, start, end, depth)
    const wireType = tag & 7
    if (wireType !== WIRE_TYPE_OF[kind]) {
      if (kind >= shapes.VARINTS && wireType === WIRE_LENGTH) {
        return this.#packed(shape, kind, start, end)
      }
      return this.#fail('wrong_wire_type', start, shape)
    }
    if (wireType !== WIRE_LENGTH) return this.#number(shape, wireType, start, end)
    const at = this.#length(start, end)
    if (at < 0) return this.#in(shape)
    const next = at + this.#low
    if (kind === shapes.BYTES) return next
    if (kind === shapes.STRING) return this.#string(shape, at, next)
    return this.#message(shape.nested[number] as WireShape, at, next, depth + 1)
  }

  #number(shape: WireShape, wireType: number, start: number, end: number): number {
    if (wireType !== WIRE_VARINT) {
      return this.#fixed(shape, wireType === WIRE_FIXED64 ? 8 : 4, start, end)
    }
    const at = this.#varint(start, end)
    return at < 0 ? this.#in(shape) : at
  }

  #fixed(shape: WireShape, size: number, start: number, end: number): number {
    return start + size <= end ? start + size : this.#fail(this.#shortage(end), start, shape)
  }

  #string(shape: WireShape, start: number, end: number): number {
    const bytes = this.#bytes
    if (end - start <= SHORT_STRING_BYTES) {
      let at = start
      while (at < end && (bytes[at] as number) < 0x80) at += 1
      if (at === end || isUtf8(bytes, at, end)) return end
    } else if (this.#isUtf8Native(bytes.subarray(start, end))) return end
    return this.#fail('invalid_utf8', start, shape)
  }

  #packed(shape: WireShape, kind: number, start: number, limit: number): number {
    let at = this.#length(start, limit)
    if (at < 0) return this.#in(shape)
    const end = at + this.#low
    if (kind === shapes.FIXED32S) {
      return this.#low % 4 === 0 ? end : this.#fail('length_overrun', start, shape)
    }
    while (at < end) {
      at = this.#varint(at, end)
      if (at < 0) return this.#in(shape)
    }
    return at
  }

  #unknownField(shape: WireShape, tag: number, start: number, end: number, depth: number): number {
    const wireType = tag & 7
    if (wireType === WIRE_GROUP) return this.#group(shape, tag >>> 3, start, end, depth + 1)
    if (wireType === WIRE_GROUP_END) return this.#fail('unexpected_end_group', start, shape)
    if (wireType !== WIRE_LENGTH) return this.#number(shape, wireType, start, end)
    const at = this.#length(start, end)
    return at < 0 ? this.#in(shape) : at + this.#low
  }

  #group(shape: WireShape, number: number, start: number, end: number, depth: number): number {
    if (depth > NESTING_MAX) return this.#fail('nesting_too_deep', start, shape)
    let at = start
    while (at < end) {
      at = this.#tag(at, end)
      if (at < 0) return this.#in(shape)
      const tag = this.#low
      if ((tag & 7) === WIRE_GROUP_END) {
        return tag >>> 3 === number ? at : this.#fail('unexpected_end_group', at, shape)
      }
      at = this.#unknownField(shape, tag, at, end, depth)
      if (at < 0) return at
    }
    return this.#fail(this.#shortage(end), at, shape)
  }

  /** Reads a tag into `#low`. */
  #tag(start: number, end: number): number {
    const first = this.#bytes[start] as number
    let at = start + 1
    if (first < 0x80) this.#low = first
    else {
      at = this.#varint(start, end)
      if (at < 0) return at
      if (this.#high !== 0 || at - start > 5) return this.#fail('invalid_tag', start)
    }
    if (this.#low >>> 3 === 0 || (this.#low & 7) > WIRE_FIXED32) {
      return this.#fail('invalid_tag', start)
    }
    return at
  }

  /** Reads a length into `#low` and checks that that many bytes follow. */
  #length(start: number, end: number): number {
    const at = this.#varint(start, end)
    if (at < 0) return at
    if (this.#high !== 0 || this.#low > end - at) {
      const isPastRecord = this.#high !== 0 || this.#low > this.#bytes.length - at
      return this.#fail(isPastRecord ? 'buffer_underflow' : 'length_overrun', start)
    }
    return at
  }

  /** Reads an integer of up to 64 bits into `#low` and `#high`. */
  #varint(start: number, end: number): number {
    const bytes = this.#bytes
    if (start < end) {
      const first = bytes[start] as number
      if (first < 0x80) {
        this.#low = first
        this.#high = 0
        return start + 1
      }
    }
    return this.#longVarint(start, end)
  }

  #longVarint(start: number, end: number): number {
    const bytes = this.#bytes
    let low = 0
    let high = 0
    for (let index = 0; index < 10; index += 1) {
      const at = start + index
      if (at >= end) return this.#fail(this.#shortage(end), start)
      const byte = bytes[at] as number
      if (index < 4) low |= (byte & 0x7f) << (7 * index)
      else if (index === 4) {
        low |= (byte & 0x0f) << 28
        high = (byte & 0x70) >> 4
      } else high |= (byte & 0x7f) << (7 * index - 32)
      if (byte < 0x80) {
        if (index === 9 && byte > 1) break
        this.#low = low >>> 0
        this.#high = high >>> 0
        return at + 1
      }
    }
    return this.#fail('invalid_varint', start)
  }

  /** Counts one more message. @returns whether it is within the limit */
  #countMessage(): boolean {
    this.#messagesLeft -= 1
    return this.#messagesLeft >= 0
  }

  /** Which failure it is when bytes are missing at `end`. */
  #shortage(end: number): DecodeFailure {
    return end >= this.#bytes.length ? 'buffer_underflow' : 'length_overrun'
  }

  #fail(failure: DecodeFailure, at: number, shape?: WireShape): -1 {
    this.failure = failure
    this.failedAt = at
    if (shape) this.failedIn = shape.name
    return -1
  }

  /** Names the message that a failed tag, length or integer lies in. */
  #in(shape: WireShape): -1 {
    this.failedIn = shape.name
    return -1
  }
}

const NO_BYTES = new Uint8Array(0)

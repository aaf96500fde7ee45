/** The scan sees what a decode sees: the same verdict on any bytes, and the same facts. */
import { create, toBinary } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRecord,
  encodeRecord,
  scanRecord,
  type Decoded,
  type RecordFacts,
  type Scanned,
} from './codec.ts'
import {
  DashStreamMessageSchema,
  type DashStreamMessage,
  type Header,
} from './gen/dashstream_pb.js'
import { createScanner } from './scan.ts'
import { anyMessage, damaged } from './vectors/any-message-testbed.ts'
import { isRecord } from './vectors/plain-reader-testbed.ts'
import { vector, vectors, vectorLimits } from './vectors/vectors.ts'

const anyProtobuf = anyMessage.map((message) => toBinary(DashStreamMessageSchema, message))
const anyBytes = fc.oneof(
  { weight: 4, arbitrary: damaged(anyProtobuf) },
  // Half of all random bytes end at the first tag; these get at least into a payload.
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }).map(inHeader) },
)

function inHeader(bytes: Uint8Array): Uint8Array {
  const length = bytes.length
  return Buffer.concat([Uint8Array.of(0x0a, length + 2, 0x0a, length), bytes])
}

function plain(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0), bytes])
}

/** The same facts, from a decoded message. */
function factsOf({ message }: DashStreamMessage): RecordFacts {
  const events = message.case === 'eventBatch' ? message.value.events : []
  const versions = [message.value, ...events].map((each) => each?.header?.schemaVersion ?? 0)
  const numbered = message.case === 'eventBatch' ? events : message.value ? [message.value] : []
  return {
    kind: message.case,
    timestampUs: message.value?.header?.timestampUs ?? 0n,
    schemaVersion: Math.max(1, ...versions),
    runs: runsOf(numbered),
  }
}

/** What a scan must say where a decode says this. */
function asScanned(decoded: Decoded): Scanned {
  return decoded.ok ? { ok: true, facts: factsOf(decoded.message) } : decoded
}

function runsOf(payloads: readonly { header?: Header | undefined }[]): RecordFacts['runs'] {
  const threads = new Map<string, bigint[]>()
  for (const { header } of payloads) {
    const { threadId = '', sequence = 0n } = header ?? {}
    threads.set(threadId, [...(threads.get(threadId) ?? []), sequence])
  }
  return Array.from(threads, ([thread, all]) => {
    const sequence = all.reduce((known, one) => (one > known ? one : known))
    const numbered = all.filter((one) => one !== 0n)
    return numbered.length < 2
      ? { thread, sequence }
      : { thread, sequence, spans: spansOf(numbered) }
  })
}

function spansOf(sequences: readonly bigint[]): { first: bigint; last: bigint }[] {
  const spans: { first: bigint; last: bigint }[] = []
  for (const one of sequences) {
    const span = spans.at(-1)
    if (span !== undefined && span.last + 1n === one) span.last = one
    else spans.push({ first: one, last: one })
  }
  return spans
}

describe('scanRecord', () => {
  it('accepts every valid message and returns its facts', () => {
    fc.assert(
      fc.property(anyMessage, fc.boolean(), (message, isCompressed) => {
        const compressAboveBytes = isCompressed ? 0 : Infinity
        const value = encodeRecord(message, { compressAboveBytes })
        const scanned = scanRecord(value, vectorLimits, 'strict')
        expect(scanned).toEqual({ ok: true, facts: factsOf(message) })
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same verdict as the plain reader on any bytes', () => {
    const scan = createScanner()
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(scan(bytes).ok).toBe(isRecord(bytes))
      }),
      { numRuns: 4000 },
    )
  })

  it('gives the same verdict and facts as decodeRecord on any bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const value = plain(bytes)
        const scanned = scanRecord(value, vectorLimits, 'strict')
        const decoded = decodeRecord(value, vectorLimits, 'strict')
        expect(scanned).toEqual(asScanned(decoded))
        // protobuf-es never refuses what the walk has let through.
        expect(decoded).not.toMatchObject({ reason: 'invalid_protobuf' })
      }),
      { numRuns: 2000 },
    )
  })

  it('agrees with decodeRecord on the facts of every vector', () => {
    const all = [...vectors.values()].map(({ name, bytes }) => ({
      name,
      scanned: scanRecord(bytes, vectorLimits, 'compatible'),
      decoded: decodeRecord(bytes, vectorLimits, 'compatible'),
    }))
    expect(all.map(({ name, scanned }) => ({ name, scanned }))).toEqual(
      all.map(({ name, decoded }) => ({ name, scanned: asScanned(decoded) })),
    )
  })

  it('returns each thread of a batch once, with its largest sequence', () => {
    expect(factsOfVector('event-batch-threads').runs).toMatchObject([
      { thread: 'alpha', sequence: 2n },
      { thread: 'beta', sequence: 9n },
      { thread: 'gamma', sequence: 5n },
    ])
    expect(factsOfVector('event-batch-nameless').runs).toEqual([
      { thread: '', sequence: 3n },
      { thread: 'alpha', sequence: 1n },
    ])
    expect(factsOfVector('event-batch-empty').runs).toEqual([])
  })

  it('keeps the extremes of 64 bits', () => {
    expect(factsOfVector('header-extremes')).toEqual({
      kind: 'event',
      timestampUs: -(2n ** 63n),
      schemaVersion: 4_294_967_295,
      runs: [{ thread: '𝔱-é', sequence: 2n ** 64n - 1n }],
    })
  })

  it('says whose record it is that is malformed behind its header', () => {
    const threadOf = (threadId: string) => {
      const message = { case: 'event', value: { header: { threadId }, nodeId: 'n' } } as const
      const plainly = { compressAboveBytes: Infinity }
      const whole = encodeRecord(create(DashStreamMessageSchema, { message }), plainly)
      const scanned = scanRecord(Buffer.concat([whole, Buffer.of(0x07)]), vectorLimits, 'strict')
      return scanned.ok ? 'sound' : scanned.thread
    }
    expect(threadOf('𝔱-é')).toBe('𝔱-é')
    expect(threadOf('t'.repeat(1_024))).toBe('t'.repeat(1_024))
    expect(threadOf('t'.repeat(1_025))).toBeUndefined()
    expect(threadOf('')).toBeUndefined()
  })

  it('forgets the payload that another one replaces', () => {
    expect(factsOfVector('payload-twice').runs).toEqual([{ thread: 'later', sequence: 9n }])
    expect(factsOfVector('payload-three-times')).toMatchObject({
      schemaVersion: 1,
      runs: [{ thread: 'stays', sequence: 1n }],
    })
  })

  it('says where it failed', () => {
    const scanned = scanRecord(vector('bad-utf8-thread').bytes, vectorLimits, 'strict')
    expect(scanned).toMatchObject({
      says: 'A string is not valid UTF-8. It is at byte 6, in Header.',
    })
  })
})

function factsOfVector(name: string): RecordFacts {
  const scanned = scanRecord(vector(name).bytes, vectorLimits, 'strict')
  if (!scanned.ok) throw new Error(scanned.says)
  return scanned.facts
}

/** Framing, limits and compression, and that no bytes make the codec throw. */
import { create } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRecord, encodeRecord, scanRecord, type DecodeLimits } from './codec.ts'
import { createCodec } from './codec-core.ts'
import { decodeFailures, errorTypeOf, type DecodeFailure } from './failures.ts'
import {
  CompressionType,
  DashStreamMessageSchema,
  type DashStreamMessage,
} from './gen/dashstream_pb.js'
import { anyMessage } from './vectors/any-message-testbed.ts'
import { vector, vectorLimits } from './vectors/vectors.ts'
import { measureFrame } from './zstd-frame.ts'

function eventOf(nodeId: string): DashStreamMessage {
  return create(DashStreamMessageSchema, {
    message: { case: 'event', value: { header: { threadId: 't', sequence: 1n }, nodeId } },
  })
}

function decodedOf(value: Uint8Array, limits: DecodeLimits = vectorLimits): DashStreamMessage {
  const decoded = decodeRecord(value, limits, 'strict')
  if (!decoded.ok) throw new Error(decoded.says)
  return decoded.message
}

function reasonOf(value: Uint8Array, payloadBytesMax: number, mode: 'strict' | 'compatible') {
  const decoded = decodeRecord(value, { payloadBytesMax }, mode)
  const scanned = scanRecord(value, { payloadBytesMax }, mode)
  expect(scanned.ok).toBe(decoded.ok)
  return decoded.ok ? 'ok' : decoded.reason
}

describe('encodeRecord', () => {
  it.each(['golden-event', 'golden-event-batch'])('writes %s to the byte', (name) => {
    const { bytes } = vector(name)
    expect(Buffer.from(encodeRecord(decodedOf(bytes))).toString('hex')).toBe(bytes.toString('hex'))
  })

  it('compresses what is longer than the threshold, not what is as long', () => {
    const message = eventOf('x'.repeat(600))
    const length = encodeRecord(message, { compressAboveBytes: Infinity }).length - 1
    const at = (compressAboveBytes: number) => encodeRecord(message, { compressAboveBytes })[0]
    expect([at(length), at(length - 1)]).toEqual([0x00, 0x01])
  })

  it('compresses above 512 bytes by default', () => {
    expect(encodeRecord(eventOf('x'.repeat(480)))[0]).toBe(0x00)
    expect(encodeRecord(eventOf('x'.repeat(600)))[0]).toBe(0x01)
  })

  it('leaves plain what does not become smaller', () => {
    // Base-64 of counted bytes: no repetition, and too short for its alphabet to pay off.
    const words = Buffer.from(Array.from({ length: 48 }, (_, index) => (index * 73 + 19) % 256))
    const value = encodeRecord(eventOf(words.toString('base64')), { compressAboveBytes: 0 })
    expect(value[0]).toBe(0x00)
    expect(decodedOf(value).message.value?.header?.compression).toBe(
      CompressionType.COMPRESSION_NONE,
    )
  })

  it('marks compressed headers, and never those of the message it was given', () => {
    const plain = decodedOf(vector('event-batch-threads').bytes)
    const value = encodeRecord(plain, { compressAboveBytes: 0 })
    const { message } = decodedOf(value)
    const batch = message.case === 'eventBatch' ? message.value : undefined
    const marks = [batch, ...(batch?.events ?? [])].map((each) => each?.header?.compression)
    expect(value[0]).toBe(0x01)
    expect(marks).toEqual(Array.from({ length: 6 }, () => CompressionType.COMPRESSION_ZSTD))
    const given = eventOf('x'.repeat(600))
    encodeRecord(given)
    expect(given.message.value?.header?.compression).toBe(CompressionType.COMPRESSION_NONE)
  })

  it.each([
    ['its frame is not smaller', [0]],
    ['its frame is not smaller any more once the headers are marked', [1, 0]],
  ])('leaves a message plain when %s', (_why, savings) => {
    const left = [...savings]
    const { encodeRecord: encode } = createCodec({
      unzstd: (frame) => frame,
      zstd: (content) => content.subarray(left.shift()),
    })
    expect(encode(eventOf('x'.repeat(600)))[0]).toBe(0x00)
    expect(left).toEqual([])
  })

  it('declares the content size of its frames', () => {
    const frame = encodeRecord(eventOf('x'.repeat(600))).subarray(1)
    expect(measureFrame(frame)).toMatchObject({ ok: true })
  })

  it('round-trips every message', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const value = encodeRecord(message, { compressAboveBytes: Infinity })
        expect(decodedOf(value)).toEqual(message)
      }),
      { numRuns: 400 },
    )
  })
})

describe('limits', () => {
  const plain = encodeRecord(eventOf('x'.repeat(100)), { compressAboveBytes: Infinity })
  const size = plain.length - 1

  it('counts the message, and the framing byte on top', () => {
    expect(reasonOf(plain, size, 'strict')).toBe('ok')
    expect(reasonOf(plain, size - 1, 'strict')).toBe('payload_too_large')
  })

  it('has no byte on top for unframed records', () => {
    expect(reasonOf(plain.subarray(1), size, 'compatible')).toBe('ok')
    expect(reasonOf(plain.subarray(1), size - 1, 'compatible')).toBe('payload_too_large')
  })

  it('counts what comes out of zstd', () => {
    const packed = encodeRecord(eventOf('x'.repeat(2000)))
    const message = decodedOf(packed)
    const bytes = encodeRecord(message, { compressAboveBytes: Infinity }).length - 1
    expect(packed.length).toBeLessThan(200)
    expect(reasonOf(packed, bytes, 'strict')).toBe('ok')
    expect(reasonOf(packed, bytes - 1, 'strict')).toBe('decompressed_too_large')
    expect(reasonOf(packed.subarray(1), bytes - 1, 'compatible')).toBe('decompressed_too_large')
  })

  it('takes no less output than was declared', () => {
    const codec = createCodec({ unzstd: (_frame, bytes) => new Uint8Array(bytes - 1) })
    const scanned = codec.scanRecord(vector('zstd-event').bytes, vectorLimits, 'strict')
    expect(scanned).toMatchObject({ reason: 'zstd_invalid' })
  })

  it('asks for no more output than was declared, and for none when that is too much', () => {
    const asked: number[] = []
    const codec = createCodec({
      unzstd(_frame, bytesMax) {
        asked.push(bytesMax)
        throw new Error('not today')
      },
    })
    const names = ['zstd-bomb', 'zstd-bomb-exabytes', 'zstd-unsized', 'zstd-second-frame-bomb']
    for (const name of [...names, 'zstd-skippable-bomb', 'zstd-bomb-lying']) {
      codec.scanRecord(vector(name).bytes, vectorLimits, 'strict')
    }
    // Only the frame that lies gets as far as the decompressor, held to its word.
    expect(asked).toEqual([100])
  })
})

describe('decodeRecord', () => {
  it('is total: any bytes give a message or a reason', () => {
    const magic = [0x28, 0xb5, 0x2f, 0xfd]
    const framing = fc.constantFrom([], [0], [1], magic, [1, ...magic])
    const bytes = fc.tuple(framing, fc.uint8Array({ maxLength: 80 }))
    fc.assert(
      fc.property(bytes, fc.constantFrom('strict', 'compatible'), ([head, tail], mode) => {
        const reason = reasonOf(Uint8Array.from([...head, ...tail]), 64, mode)
        expect(reason === 'ok' || reason in decodeFailures).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads a plain Uint8Array and a slice of a larger buffer alike', () => {
    const { bytes } = vector('golden-event')
    const larger = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)])
    const slice = larger.subarray(7, 7 + bytes.length)
    const copy = Uint8Array.from(bytes)
    const facts = scanRecord(bytes, vectorLimits, 'strict')
    expect(scanRecord(slice, vectorLimits, 'strict')).toEqual(facts)
    expect(scanRecord(copy, vectorLimits, 'strict')).toEqual(facts)
    expect(decodedOf(slice)).toEqual(decodedOf(copy.slice()))
  })

  it('keeps integers beyond 2^53', () => {
    const { message } = decodedOf(vector('event-attributes').bytes)
    const attributes = message.case === 'event' ? message.value.attributes : {}
    expect(attributes['whole']?.value).toEqual({ case: 'intValue', value: 9_007_199_254_740_993n })
  })
})

describe('errorTypeOf', () => {
  it('gives every reason the label that dashboards know', () => {
    const labels = Object.fromEntries(
      (Object.keys(decodeFailures) as DecodeFailure[]).map((each) => [each, errorTypeOf(each)]),
    )
    const { payload_too_large, decompressed_too_large, buffer_underflow, ...rest } = labels
    expect([payload_too_large, decompressed_too_large]).toEqual([
      'payload_too_large',
      'payload_too_large',
    ])
    expect(buffer_underflow).toBe('buffer_underflow')
    const { schema_version_mismatch, ...others } = rest
    expect(schema_version_mismatch).toBe('schema_version_mismatch')
    const unknown = Object.keys(others).filter((each) => others[each] !== 'invalid_protobuf')
    expect(unknown.sort()).toEqual([
      'empty',
      'invalid_framing',
      'nesting_too_deep',
      'zstd_invalid',
      'zstd_not_single',
      'zstd_unsized',
    ])
  })
})

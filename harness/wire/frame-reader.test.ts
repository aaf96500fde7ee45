import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader, type FrameSink } from './frame-reader.ts'

const messageBytesMax = 100_000

/** Writes down everything that a reader says, with copies of the bytes. */
function listen(): { sink: FrameSink; events: string[] } {
  const events: string[] = []
  const range = (kind: string) => (bytes: Buffer, start: number, end: number) =>
    void events.push(`${kind} ${bytes.toString('hex', start, end)}`)
  const payload = (kind: string) => (bytes: Buffer) =>
    void events.push(`${kind} ${bytes.toString('hex')}`)
  const sink = {
    text: range('text'),
    binary: range('binary'),
    ping: payload('ping'),
    pong: payload('pong'),
    close: (code: number, reason: string) => void events.push(`close ${code} ${reason}`),
    broken: (why: string) => void events.push(`broken ${why}`),
  }
  return { sink, events }
}

function read(...chunks: readonly Buffer[]): string[] {
  const { sink, events } = listen()
  const reader = new FrameReader(sink, messageBytesMax)
  for (const chunk of chunks) reader.push(chunk)
  return events
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** A server frame, with the shortest length that fits. */
function frame(first: number, payload: Buffer): Buffer {
  const length = payload.length
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

describe('the examples of RFC 6455, 5.7', () => {
  it.each([
    ['a text', '81 05 48 65 6c 6c 6f', ['text 48656c6c6f']],
    ['a text in two fragments', '01 03 48 65 6c 80 02 6c 6f', ['text 48656c6c6f']],
    ['a ping', '89 05 48 65 6c 6c 6f', ['ping 48656c6c6f']],
    ['a pong', '8a 05 48 65 6c 6c 6f', ['pong 48656c6c6f']],
    ['256 bytes', `82 7e 01 00 ${'61'.repeat(256)}`, [`binary ${'61'.repeat(256)}`]],
    [
      '64 KiB',
      `82 7f 00 00 00 00 00 01 00 00 ${'61'.repeat(65_536)}`,
      [`binary ${'61'.repeat(65_536)}`],
    ],
    ['a masked text', '81 85 37 fa 21 3d 7f 9f 4d 51 58', ['broken masked-by-server']],
  ])('reads %s', (_, bytes, events) => {
    expect(read(hex(bytes))).toEqual(events)
  })
})

describe('the rules of RFC 6455', () => {
  it.each([
    ['a control frame between fragments', '01 01 61 89 00 80 01 62', ['ping ', 'text 6162']],
    ['a close with code and reason', '88 05 03 e8 62 79 65', ['close 1000 bye']],
    ['a close without a code', '88 00', ['close 1005 ']],
    ['nothing after a close', '88 00 81 01 61', ['close 1005 ']],
    ['an empty message', '81 00 82 00', ['text ', 'binary ']],
  ])('allow %s', (_, bytes, events) => {
    expect(read(hex(bytes))).toEqual(events)
  })

  it.each([
    ['a reserved bit', 'c1 00', 'reserved-bit'],
    ['opcode 3', '83 00', 'unknown-opcode'],
    ['opcode 11', '8b 00', 'unknown-opcode'],
    ['a ping in fragments', '09 00', 'control-fragmented'],
    ['a ping of 126 bytes', '89 7e 00 7e', 'control-too-large'],
    ['a continuation of nothing', '80 00', 'continuation-of-nothing'],
    ['a message inside another', '01 00 81 00', 'message-inside-message'],
    ['a length of 5 in 16 bits', '82 7e 00 05', 'length-not-minimal'],
    ['a length of 5 in 64 bits', '82 7f 00 00 00 00 00 00 00 05', 'length-not-minimal'],
    ['a length of 2^63', '82 7f 80 00 00 00 00 00 00 00', 'too-large'],
    ['a close of one byte', '88 01 03', 'close-code-cut'],
    ['a close code that must not be sent', '88 02 03 ee', 'close-code-invalid'],
    ['a close reason that is not text', '88 03 03 e8 ff', 'close-reason-not-utf8'],
  ])('refuse %s', (_, bytes, why) => {
    expect(read(hex(`${bytes} 81 01 61`))).toEqual([`broken ${why}`])
  })

  it('bound a message that comes in fragments', () => {
    const half = Buffer.alloc(messageBytesMax / 2 + 1)
    expect(read(frame(0x02, half), frame(0x80, half))).toEqual(['broken too-large'])
  })
})

/** A frame of a stream that is mostly valid, with sizes around every edge of the length coding. */
const anyFrame = fc
  .tuple(
    fc.constantFrom(0x81, 0x82, 0x82, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc1, 0x83),
    fc.oneof(fc.constantFrom(0, 1, 2, 125, 126, 127, 65_535, 65_536), fc.nat(300)),
  )
  .map(([first, size]) => frame(first, Buffer.alloc(first >= 0x88 ? size % 126 : size, 'x')))

const someFrames = fc.array(anyFrame, { maxLength: 6 })

describe('any split of a stream', () => {
  it('gives the same events', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        (frames, cuts) => {
          const whole = Buffer.concat(frames)
          const at = cuts.map((cut) => Math.floor(cut * whole.length)).sort((a, b) => a - b)
          const chunks = [0, ...at].map((start, i) => whole.subarray(start, at[i]))
          expect(read(...chunks)).toEqual(read(whole))
        },
      ),
    )
  })

  it('gives the same events in chunks of any size from one byte', () => {
    fc.assert(
      fc.property(someFrames, fc.integer({ min: 1, max: 20 }), (frames, size) => {
        const whole = Buffer.concat(frames).subarray(0, 2_000)
        const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
          whole.subarray(at * size, (at + 1) * size),
        )
        expect(read(...chunks)).toEqual(read(whole))
      }),
    )
  })

  it('tells whether the stream ended inside a frame', () => {
    const whole = Buffer.concat([frame(0x82, Buffer.alloc(300)), frame(0x81, Buffer.alloc(3))])
    const boundaries = new Set([0, 304, whole.length])
    for (let end = 0; end <= whole.length; end += 1) {
      const reader = new FrameReader(listen().sink, messageBytesMax)
      reader.push(whole.subarray(0, end))
      expect(reader.isInsideFrame).toBe(!boundaries.has(end))
    }
  })
})

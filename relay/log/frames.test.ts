/** Server frames as RFC 6455 has them, read back by the WebSocket library. */
import type { Writable } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ws from 'ws'
import {
  closeFrame,
  controlFrameBytesMax,
  frame,
  opcodes,
  recordBytesMax,
  recordFrames,
} from './frames.ts'

/** The library exports it, its types do not. */
const ReceiverOf = (ws as unknown as { Receiver: new (options: object) => Writable }).Receiver

interface Message {
  readonly data: string
  readonly isBinary: boolean
}

/** Everything that a client's receiver makes of the bytes. */
function read(bytes: Buffer): { messages: Message[]; close: { code: number; reason: string }[] } {
  const receiver = new ReceiverOf({ isServer: false, allowSynchronousEvents: true })
  const messages: Message[] = []
  const close: { code: number; reason: string }[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    messages.push({ data: data.toString('latin1'), isBinary })
  })
  receiver.on('conclude', (code: number, reason: Buffer) => {
    close.push({ code, reason: reason.toString() })
  })
  receiver.write(bytes)
  return { messages, close }
}

describe('record', () => {
  const int32 = fc.integer({ min: 0, max: 2_147_483_647 })
  const int64 = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n })
  const sizes = fc.oneof(fc.nat(200), fc.constantFrom(125, 126, 127, 65_535, 65_536, 65_537))

  test('is a cursor and the unchanged value, whatever its numbers and its size', () => {
    fc.assert(
      fc.property(int32, int64, sizes, (partition, offset, size) => {
        const value = Buffer.alloc(size, 0xa5)
        const bytes = recordFrames(partition, offset, value)
        expect(bytes.length).toBeLessThanOrEqual(recordBytesMax(size))
        const text = `{"type":"cursor","partition":${partition},"offset":"${offset}"}`
        expect(read(bytes).messages).toEqual([
          { data: text, isBinary: false },
          { data: value.toString('latin1'), isBinary: true },
        ])
      }),
    )
  })
})

describe('close', () => {
  test('keeps a long reason within a control frame and its characters whole', () => {
    const bytes = closeFrame(1001, 'ä'.repeat(200))
    expect(bytes.length).toBeLessThanOrEqual(2 + controlFrameBytesMax)
    expect(read(bytes).close).toEqual([{ code: 1001, reason: 'ä'.repeat(61) }])
  })
})

test('a header takes 2, 4 or 10 bytes', () => {
  const lengths = [0, 125, 126, 65_535, 65_536].map(
    (size) => frame(opcodes.binary, Buffer.alloc(size)).length - size,
  )
  expect(lengths).toEqual([2, 2, 4, 4, 10])
})

/** What judging a record costs grows with its size, whatever stands in it. */
import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { workOf } from '../world/work-testbed.ts'
import { decode } from './decode.ts'

const payloadBytesMax = 1 << 20

/** A batch of events whose sequences and threads are chosen by their place. */
function batchOf(
  count: number,
  headerOf: (index: number) => { threadId: string; sequence: bigint },
): Buffer {
  const events = Array.from({ length: count }, (_, index) => ({ header: headerOf(index) }))
  const message = create(DashStreamMessageSchema, {
    message: { case: 'eventBatch', value: { events } },
  })
  return Buffer.from(encodeRecord(message, { compressAboveBytes: Infinity }))
}

test.each([
  ['sequences that follow', (index: number) => ({ threadId: 't', sequence: BigInt(index + 1) })],
  ['sequences that jump', (index: number) => ({ threadId: 't', sequence: index % 2 ? 1n : 5n })],
  ['a thread for each event', (index: number) => ({ threadId: `t${index}`, sequence: 1n })],
  ['two threads in turn', (index: number) => ({ threadId: `t${index % 2}`, sequence: 1n })],
])('%s', async (_, headerOf) => {
  const [few, many] = [batchOf(500, headerOf), batchOf(2_000, headerOf)]
  expect(decode(many, payloadBytesMax).isValid).toBe(true)
  const once = await workOf(() => decode(few, payloadBytesMax))
  expect(await workOf(() => decode(many, payloadBytesMax))).toBeLessThan(5 * once)
})

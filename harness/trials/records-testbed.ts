/** Records of the stack tests: small, distinguishable, and one that cannot be decoded. */
import { create } from '@bufbuild/protobuf'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'

/** A valid record of about `bytes`, distinguishable by its number. */
export function record(number: number, bytes = 100): Buffer {
  const header = { threadId: `t${number % 3}`, sequence: BigInt(number + 1) }
  const nodeId = `${number}-${'x'.repeat(bytes)}`
  const message = { case: 'event', value: { header, nodeId } } as const
  const encoded = encodeRecord(create(DashStreamMessageSchema, { message }), {
    compressAboveBytes: Infinity,
  })
  return Buffer.from(encoded)
}

export const many = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, number) => record(number, bytes))

/** Offsets from one to before another. */
export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => BigInt(from + index))

/** Bytes that no decoder accepts. */
export const poison = Buffer.from([0x00, 0xff, 0xff, 0xff])

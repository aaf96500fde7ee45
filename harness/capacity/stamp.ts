/**
 * The stamp that a record of the bench carries at its very end: when it was handed to Kafka, in
 * microseconds of the clock that all processes of a machine share, as text of fixed length.
 */
import { create } from '@bufbuild/protobuf'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'

export const stampBytes = 16

/** A valid record of about `payloadBytes`, to be copied and stamped. */
export function template(payloadBytes: number): Buffer {
  const header = { threadId: 'bench', sequence: 1n, timestampUs: 1n }
  const nodeId = 'n'.repeat(Math.max(stampBytes, payloadBytes - 40))
  const message = create(DashStreamMessageSchema, {
    message: { case: 'event', value: { header, nodeId } },
  })
  return Buffer.from(encodeRecord(message, { compressAboveBytes: Infinity }))
}

/** A copy of the template with the stamp. */
export function stamped(record: Buffer, stampUs: number): Buffer {
  const copy = Buffer.from(record)
  copy.write(String(Math.round(stampUs)).padStart(stampBytes, '0'), copy.length - stampBytes)
  return copy
}

/** The stamp that ends at `end`. */
export function stampOf(bytes: Buffer, end: number): number {
  let stampUs = 0
  for (let at = end - stampBytes; at < end; at += 1) stampUs = stampUs * 10 + (bytes[at]! - 48)
  return stampUs
}

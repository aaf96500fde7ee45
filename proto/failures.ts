/**
 * Why a record cannot be decoded: a closed set, so that every refusal can be counted, dead-lettered
 * and asserted by name.
 */

/** Reason → what is wrong with the record, as a sentence. The keys are stable names. */
export const decodeFailures = {
  empty: 'The record has no bytes.',
  payload_too_large: 'The record is larger than the limit.',
  invalid_framing: 'The first byte is neither 0x00 (plain) nor 0x01 (zstd).',
  zstd_invalid: 'The compressed bytes are not a valid zstd frame.',
  zstd_unsized: 'The zstd frame does not declare the size of its content.',
  zstd_not_single: 'More bytes follow the zstd frame; a record is exactly one frame.',
  decompressed_too_large: 'The zstd frame declares a content that is larger than the limit.',
  buffer_underflow: 'The record ends inside a field.',
  length_overrun: 'A field is longer than the message that holds it.',
  invalid_varint: 'An integer takes more than 64 bits.',
  invalid_tag: 'A field tag is invalid: number 0 or too large, or an unknown wire type.',
  wrong_wire_type: 'A field has another wire type than its schema says.',
  unexpected_end_group: 'An end-group tag has no matching start.',
  invalid_utf8: 'A string is not valid UTF-8.',
  nesting_too_deep: 'Messages are nested deeper than the limit.',
  invalid_protobuf: 'The bytes are not the expected protobuf message.',
  schema_version_mismatch: 'The record has a schema version that is not accepted.',
} as const

/** The stable name of a reason. */
export type DecodeFailure = keyof typeof decodeFailures

/** The labels that DashFlow's dead letters and metrics use for a decode error. */
export type ErrorType =
  | 'payload_too_large'
  | 'buffer_underflow'
  | 'schema_version_mismatch'
  | 'invalid_protobuf'
  | 'unknown_decode_error'

const errorTypes: Record<DecodeFailure, ErrorType> = {
  empty: 'unknown_decode_error',
  payload_too_large: 'payload_too_large',
  invalid_framing: 'unknown_decode_error',
  zstd_invalid: 'unknown_decode_error',
  zstd_unsized: 'unknown_decode_error',
  zstd_not_single: 'unknown_decode_error',
  decompressed_too_large: 'payload_too_large',
  buffer_underflow: 'buffer_underflow',
  length_overrun: 'invalid_protobuf',
  invalid_varint: 'invalid_protobuf',
  invalid_tag: 'invalid_protobuf',
  wrong_wire_type: 'invalid_protobuf',
  unexpected_end_group: 'invalid_protobuf',
  invalid_utf8: 'invalid_protobuf',
  nesting_too_deep: 'unknown_decode_error',
  invalid_protobuf: 'invalid_protobuf',
  schema_version_mismatch: 'schema_version_mismatch',
}

/** The coarser label that DashFlow's dashboards use for a reason. */
export function errorTypeOf(reason: DecodeFailure): ErrorType {
  return errorTypes[reason]
}

/** A refusal: the reason, and one sentence with what was found where. */
export interface Refusal {
  readonly ok: false
  readonly reason: DecodeFailure
  readonly says: string
  /** The record's thread, where its header was read before the malformed part. */
  readonly thread?: string
}

/** Makes a refusal; `found` completes the reason's sentence with the numbers of this record. */
export function refuse(reason: DecodeFailure, found?: string): Refusal {
  const sentence = decodeFailures[reason]
  return { ok: false, reason, says: found === undefined ? sentence : `${sentence} ${found}` }
}

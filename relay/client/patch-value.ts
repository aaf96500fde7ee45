/**
 * The value of a patch operation. A value that does not parse is refused: taken as text, it would
 * enter the state as if the producer had written it, without any error.
 */
import { DiffOperation_ValueEncoding as Encoding } from '../../proto/gen/dashstream_pb.js'
import { readJson, textOf } from './json-text.ts'
import type { ParseJson, ValueRead } from './parts.ts'
import { refuse } from './refusals.ts'

/** Reads a value of any encoding. Zero bytes are null, as for producers. */
export function readPatchValue(
  bytes: Uint8Array,
  encoding: Encoding,
  parseJson: ParseJson,
): ValueRead {
  if (encoding === Encoding.RAW) {
    const value = textOf(bytes)
    return value === undefined ? refuse('patch-value', 'It is not UTF-8.') : { ok: true, value }
  }
  if (encoding !== Encoding.JSON) {
    return refuse('patch-value-encoding', `It is ${Encoding[encoding] ?? String(encoding)}.`)
  }
  if (bytes.length === 0) return { ok: true, value: null }
  return readJson(bytes, parseJson, 'patch-value')
}

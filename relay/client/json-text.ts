/**
 * From bytes to JSON, strictly: anything that is not UTF-8 or not JSON is refused.
 */
import type { JsonValue } from '../../proto/canonical-json.ts'
import type { ParseJson, ValueRead } from './parts.ts'
import { refuse, type ClientRefusal } from './refusals.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of `bytes`; `undefined` unless they are UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The JSON of `bytes`, or a refusal with `reason`. */
export function readJson(bytes: Uint8Array, parse: ParseJson, reason: ClientRefusal): ValueRead {
  const text = textOf(bytes)
  return text === undefined ? refuse(reason, 'It is not UTF-8.') : parseText(text, parse, reason)
}

/** The JSON of `text`, or a refusal with `reason`. */
export function parseText(text: string, parse: ParseJson, reason: ClientRefusal): ValueRead {
  let value: JsonValue
  try {
    value = parse(text)
  } catch (error) {
    return refuse(reason, error instanceof Error ? error.message : String(error))
  }
  return { ok: true, value }
}

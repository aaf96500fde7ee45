/** Whole states from records: their size is checked before parsing, their hash afterwards. */
import type { JsonValue } from '../../proto/canonical-json.ts'
import type { Tools } from './effects.ts'
import { parseText, readJson } from './json-text.ts'
import type { StateRead, ValueRead } from './parts.ts'
import { refuse, type Refused } from './refusals.ts'
import { measured } from './state-size.ts'

const hashBytes = 32
const utf8 = new TextEncoder()

/** The state in JSON bytes. */
export function stateOfBytes(bytes: Uint8Array, { parts, limits }: Tools): StateRead {
  const tooLarge = checkBytes(bytes.length, limits.stateBytesMax)
  return tooLarge ?? sized(readJson(bytes, parts.parseJson, 'state-json'), bytes.length)
}

/** The state in a JSON text. */
export function stateOfText(text: string, { parts, limits }: Tools): StateRead {
  const bytes = text.length > limits.stateBytesMax ? text.length : utf8.encode(text).length
  const tooLarge = checkBytes(bytes, limits.stateBytesMax)
  return tooLarge ?? sized(parseText(text, parts.parseJson, 'state-json'), bytes)
}

/** A refusal unless `state` has the hash; an empty hash claims nothing. */
export function checkHash(
  state: JsonValue,
  hash: Uint8Array,
  { parts }: Tools,
): Refused | undefined {
  if (hash.length === 0) return undefined
  if (hash.length !== hashBytes) return refuse('hash', `The hash has ${hash.length} bytes.`)
  try {
    // Producers have written large floats in two ways; either is right.
    const isRight = (['plain', 'signed'] as const).some((exponent) =>
      areEqual(parts.stateHash(state, exponent), hash),
    )
    return isRight ? undefined : refuse('hash')
  } catch (error) {
    return refuse('hash', error instanceof Error ? error.message : String(error))
  }
}

/** Whether two byte strings are the same. */
export function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

function checkBytes(bytes: number, bytesMax: number): Refused | undefined {
  if (bytes <= bytesMax) return undefined
  return refuse('state-too-large', `It has ${bytes} bytes, limit ${bytesMax}.`)
}

function sized(read: ValueRead, bytes: number): StateRead {
  if (!read.ok) return read
  return { ok: true, state: { ...measured(read.value), bytes } }
}

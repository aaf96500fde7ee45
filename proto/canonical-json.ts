/**
 * The canonical text of a state for hashing. Producer and receivers compare its SHA-256, so it must
 * equal, byte for byte, what serde_json prints after DashFlow has sorted the keys.
 *
 * The text is written by hand because no library writes it: what they call canonical is RFC 8785,
 * with keys in the order of UTF-16 and numbers as JavaScript prints them. The digest comes from a
 * portable library: a browser's own is asynchronous, and a state guard cannot wait. A client on
 * Node uses Node's (relay/client/node-platform.ts), 3 to 7 times as fast for 1 KiB to 1 MiB.
 *
 * Runs in a browser as it is.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { isInteger64 } from './json-parse.ts'
import { isFloat, JsonError, type JsonObject, type JsonValue } from './json-value.ts'

export { isInteger64, parseLossless, type JsonLimits } from './json-parse.ts'
export {
  cloneJson,
  isFloat,
  isJsonObject,
  JsonError,
  JsonFloat,
  setKey,
  type JsonErrorCode,
  type JsonObject,
  type JsonValue,
} from './json-value.ts'

export interface CanonicalOptions {
  /**
   * How a float of 1e16 and above is written: `plain` is 1e16, `signed` is 1e+16. serde_json has
   * done both in different versions, so if a hash differs, try `signed` too. Default `plain`.
   */
  readonly exponent?: 'plain' | 'signed'
  /** Arrays and objects inside each other. Default 1000. */
  readonly depthMax?: number
}

const DEPTH_MAX = 1000
/** Where serde_json changes to exponent notation, in digits before the point. */
const DECIMAL_POINT_MAX = 16
const DECIMAL_POINT_MIN = -5

/**
 * Compact JSON with keys in the order of their UTF-8 bytes and numbers as serde_json prints them.
 * A JavaScript number that is not an integer counts as a float.
 * @throws JsonError for what has no exact text: an integer-valued number beyond 2^53, half of a
 *   surrogate pair, something that is not a JSON value, or nesting beyond the limit
 */
export function canonicalJson(value: JsonValue, options: CanonicalOptions = {}): string {
  return textOf(value, options.exponent === 'signed' ? '+' : '', options.depthMax ?? DEPTH_MAX)
}

/** SHA-256 of the canonical text: 32 bytes, as in `StateDiff.state_hash`. Throws as above. */
export function stateHash(value: JsonValue, options: CanonicalOptions = {}): Uint8Array {
  return sha256(utf8.encode(canonicalJson(value, options)))
}

const utf8 = new TextEncoder()

function textOf(value: JsonValue, plus: string, depthLeft: number): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
      return numberText(value, plus)
    case 'bigint':
      return isInteger64(value) ? value.toString() : floatText(Number(value), plus)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return isFloat(value) ? floatText(value.value, plus) : containerText(value, plus, depthLeft)
    case 'undefined':
    case 'function':
    case 'symbol':
  }
  throw new JsonError('json_not_a_value', `A ${typeof value} has no JSON text.`)
}

function containerText(value: JsonValue[] | JsonObject, plus: string, depth: number): string {
  const depthLeft = depth - 1
  if (depthLeft < 0) throw new JsonError('json_too_deep', 'The value is nested too deeply.')
  if (Array.isArray(value)) {
    // Array.from also visits holes, which have no text and must not vanish.
    return `[${Array.from(value, (item) => textOf(item, plus, depthLeft)).join(',')}]`
  }
  const entries = sortedKeys(value).map(
    (key) => `${quoted(key)}:${textOf(value[key] as JsonValue, plus, depthLeft)}`,
  )
  return `{${entries.join(',')}}`
}

/** The escapes of JSON.stringify are those of serde_json, except for lone surrogates. */
function quoted(text: string): string {
  if (text.isWellFormed()) return JSON.stringify(text)
  throw new JsonError('json_lone_surrogate', 'A string has half of a surrogate pair.')
}

/** From here on, the order of UTF-16 units is not the order of UTF-8 bytes. */
const ABOVE_SURROGATES = /[\ud800-\uffff]/

function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object)
  return keys.some((key) => ABOVE_SURROGATES.test(key)) ? keys.sort(byCodePoint) : keys.sort()
}

/** Code points are in the order of their UTF-8 bytes; of UTF-16 units only surrogates are not. */
function byCodePoint(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

/** Moves surrogates, which stand for U+10000 and above, behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit
}

function numberText(value: number, plus: string): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return value.toString()
  if (!Number.isInteger(value) || value === 0) return floatText(value, plus)
  throw new JsonError(
    'json_number_ambiguous',
    `${value} may have been rounded: hand in a bigint, or a JsonFloat if it is a float.`,
  )
}

/** The shortest digits that read back as `value`, laid out as serde_json does. */
function floatText(value: number, plus: string): string {
  if (!Number.isFinite(value)) return 'null'
  if (Object.is(value, -0)) return '-0.0'
  if (value < 0) return `-${floatText(-value, plus)}`
  if (value === 0) return '0.0'
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(exponent) + 1
  if (point > DECIMAL_POINT_MAX || point <= DECIMAL_POINT_MIN) {
    return `${mantissa}e${point > 0 ? plus : ''}${point - 1}`
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return `${digits.padEnd(point, '0')}.0`
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

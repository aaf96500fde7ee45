/**
 * JSON values that lose nothing: a JavaScript number does not distinguish 1 from 1.0 and rounds
 * integers above 2^53, and both change the hash of a state.
 */

/**
 * A JSON value. A `number` is an integer of at most 2^53 - 1 either way, a `bigint` is an integer
 * beyond that, a `JsonFloat` is everything that was written with a fraction or an exponent.
 *
 * Objects are plain; a key `__proto__` is an own property like any other, so look keys up with
 * `Object.hasOwn`, and add them with `setKey`.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonFloat
  | JsonValue[]
  | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

/**
 * A floating-point number, also where its value is whole. Immutable. Does not survive
 * `structuredClone` or a message port: send the canonical text, or copy with `cloneJson`.
 */
export class JsonFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
    Object.freeze(this)
  }

  /** For arithmetic and for `JSON.stringify`, where being a float no longer matters. */
  valueOf(): number {
    return this.value
  }

  toJSON(): number {
    return this.value
  }
}

/**
 * The members of an object in the order of the text: a map with thousands of names is expensive,
 * and a caller that iterates once needs none. Where a name comes twice, the last one counts.
 */
export class JsonEntries {
  readonly list: (readonly [name: string, value: JsonValue])[] = []
}

/** What can be wrong with a JSON text or value. */
export type JsonErrorCode =
  | 'json_syntax'
  | 'json_not_utf8'
  | 'json_lone_surrogate'
  | 'json_too_deep'
  | 'json_too_many_members'
  | 'json_number_out_of_range'
  | 'json_number_ambiguous'
  | 'json_not_a_value'

/** A text that is not JSON, or a value that has no JSON text. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly code: JsonErrorCode

  constructor(code: JsonErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Parsing stopped at a limit: there are more members than allowed. */
export class TooManyMembers extends JsonError {
  /** The key of the outermost object that has them; undefined when they are its own members. */
  readonly key: string | undefined

  constructor(key: string | undefined, message: string) {
    super('json_too_many_members', message)
    this.key = key
  }
}

/** Whether a value is an object with keys: not an array, a float or null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isFloat(value)
}

/** Whether a value is a float, also where its value is whole. */
export function isFloat(value: unknown): value is JsonFloat {
  return value instanceof JsonFloat
}

/** Sets a key as an own property, whatever its name. */
export function setKey(target: JsonObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') target[key] = value
  else {
    const own = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(target, key, own)
  }
}

/** A deep copy; floats are immutable and shared. */
export function cloneJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(cloneJson)
  if (!isJsonObject(value)) return value
  const copy: JsonObject = {}
  for (const key of Object.keys(value)) setKey(copy, key, cloneJson(value[key] as JsonValue))
  return copy
}

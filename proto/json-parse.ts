/**
 * Reads JSON text without loss of precision in numbers. The language and its limits are those of
 * serde_json, which producers read and hash with: 127 levels, last duplicate key wins, integers
 * outside the 64-bit range and -0 are floats, numbers beyond the double's range are errors.
 *
 * By hand, because libraries accept another language: lossless-json refuses duplicate keys and
 * overflows the stack on deep nesting; it is no faster (1.1 times the time).
 */
import {
  JsonEntries,
  JsonError,
  JsonFloat,
  setKey,
  TooManyMembers,
  type JsonErrorCode,
  type JsonObject,
  type JsonValue,
} from './json-value.ts'

export interface JsonLimits {
  /** Arrays and objects inside each other. Default 127. */
  readonly depthMax?: number
  /**
   * Members allowed under a key of the outermost object, all depths together; for `undefined`, the
   * keys of that object itself. Parsing stops at the limit. Default: no limit.
   */
  readonly membersMax?: (key: string | undefined) => number
  /** Keys of the outermost object under which a `JsonEntries` stands in place of an object. */
  readonly asEntries?: ReadonlySet<string>
}

const DEPTH_MAX = 127
/** Integers of up to this many characters are safe without looking at their value. */
const SAFE_INTEGER_CHARS = 15
/** The longest 64-bit integer, with its sign. */
const INTEGER_CHARS_MAX = 20
const INT64_MIN = -(2n ** 63n)
const UINT64_MAX = 2n ** 64n - 1n

/** Whether serde_json keeps an integer as one; others it turns into floats. */
export function isInteger64(value: bigint): boolean {
  return value >= INT64_MIN && value <= UINT64_MAX
}

/**
 * The value of a JSON text, given as a string or as UTF-8.
 * @throws JsonError with a code and the position
 */
export function parseLossless(text: string | Uint8Array, limits: JsonLimits = {}): JsonValue {
  const reader = new Reader(typeof text === 'string' ? text : decode(text))
  return reader.document(limits)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new JsonError('json_not_utf8', 'JSON must be UTF-8; these bytes are not.', error)
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const ESCAPES: Partial<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const QUOTE = 0x22
const BACKSLASH = 0x5c

class Reader {
  readonly #text: string
  #at = 0
  #membersMax: JsonLimits['membersMax']
  #asEntries: JsonLimits['asEntries']
  /** Members that may still come under this key. */
  #membersLeft = Infinity
  #key: string | undefined
  /** Remaining depth inside the outermost value. */
  #outermost = 0

  constructor(text: string) {
    this.#text = text
  }

  document({ depthMax = DEPTH_MAX, membersMax, asEntries }: JsonLimits): JsonValue {
    this.#membersMax = membersMax
    this.#asEntries = asEntries
    this.#outermost = depthMax - 1
    this.#membersLeft = membersMax?.(undefined) ?? Infinity
    const value = this.#value(depthMax)
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong('nothing more after the value')
    return value
  }

  #value(depthLeft: number): JsonValue {
    this.#space()
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object(this.#deeper(depthLeft))
      case '[':
        return this.#array(this.#deeper(depthLeft))
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #deeper(depthLeft: number): number {
    if (depthLeft > 0) return depthLeft - 1
    throw this.#error('json_too_deep', 'Arrays and objects are nested deeper than the limit')
  }

  #object(depthLeft: number): JsonObject {
    const object: JsonObject = {}
    const isOutermost = depthLeft === this.#outermost
    this.#members((key) => {
      setKey(object, key, isOutermost ? this.#under(key) : this.#value(depthLeft))
    })
    return object
  }

  #members(take: (key: string) => void): void {
    this.#at += 1
    if (this.#takes('}')) return
    do take(this.#nextKey())
    while (this.#takes(','))
    if (!this.#takes('}')) throw this.#wrong('"," or "}" in an object')
  }

  /** The value of a key of the outermost object, whose members have their own limit. */
  #under(key: string): JsonValue {
    const left = this.#membersLeft
    this.#membersLeft = this.#membersMax?.(key) ?? Infinity
    this.#key = key
    const value = this.#isEntries(key)
      ? // Typed as the object it replaces: a caller that passes `asEntries` expects entries there.
        (this.#entries(this.#deeper(this.#outermost)) as unknown as JsonObject)
      : this.#value(this.#outermost)
    this.#membersLeft = left
    this.#key = undefined
    return value
  }

  #isEntries(key: string): boolean {
    if (this.#asEntries?.has(key) !== true) return false
    this.#space()
    return this.#text[this.#at] === '{'
  }

  #entries(depthLeft: number): JsonEntries {
    const entries = new JsonEntries()
    this.#members((name) => void entries.list.push([name, this.#value(depthLeft)]))
    return entries
  }

  #nextKey(): string {
    this.#count()
    this.#space()
    if (this.#text[this.#at] !== '"') throw this.#wrong('a key in quotes')
    const key = this.#string()
    if (!this.#takes(':')) throw this.#wrong('":" after a key')
    return key
  }

  #array(depthLeft: number): JsonValue[] {
    const array: JsonValue[] = []
    this.#at += 1
    if (this.#takes(']')) return array
    do {
      this.#count()
      array.push(this.#value(depthLeft))
    } while (this.#takes(','))
    if (!this.#takes(']')) throw this.#wrong('"," or "]" in an array')
    return array
  }

  #count(): void {
    this.#membersLeft -= 1
    if (this.#membersLeft >= 0) return
    const under = this.#key === undefined ? 'An object' : JSON.stringify(this.#key.slice(0, 40))
    throw new TooManyMembers(this.#key, `${under} has more members than the limit.`)
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#wrong('a value')
    this.#at += word.length
    return value
  }

  #number(): number | bigint | JsonFloat {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (!match) throw this.#wrong('a value')
    const [digits, fraction, exponent] = match
    const isWritten = fraction === undefined && exponent === undefined
    const value = isWritten ? integerOf(digits) : new JsonFloat(Number(digits))
    if (value instanceof JsonFloat && !Number.isFinite(value.value)) {
      throw this.#error('json_number_out_of_range', 'A number is beyond the range of a double')
    }
    this.#at += digits.length
    return value
  }

  #string(): string {
    const text = this.#text
    let result = ''
    let start = this.#at + 1
    for (let at = start; ; at += 1) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        result += text.slice(start, at)
        this.#at = at + 1
        break
      }
      if (code === BACKSLASH) {
        result += text.slice(start, at)
        this.#at = at + 1
        result += this.#escape()
        start = this.#at
        at = start - 1
      } else if (!(code >= 0x20)) {
        this.#at = at
        throw this.#wrong('a closing quote, and control characters escaped')
      }
    }
    if (result.isWellFormed()) return result
    throw this.#error('json_lone_surrogate', 'A string has half of a surrogate pair')
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? ''
    const plain = ESCAPES[letter]
    this.#at += 1
    if (plain !== undefined) return plain
    const hex = this.#text.slice(this.#at, this.#at + 4)
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#wrong('a known escape')
    this.#at += 4
    return String.fromCharCode(Number.parseInt(hex, 16))
  }

  #takes(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at += 1
    }
  }

  #wrong(wanted: string): JsonError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end'
    return this.#error('json_syntax', `Wanted ${wanted}, found ${found}`)
  }

  #error(code: JsonErrorCode, says: string): JsonError {
    return new JsonError(code, `${says} (at character ${this.#at}).`)
  }
}

function integerOf(digits: string): number | bigint | JsonFloat {
  if (digits === '-0') return new JsonFloat(-0)
  if (digits.length <= SAFE_INTEGER_CHARS) return Number(digits)
  // A longer text does not become a bigint: the sender chooses the number of digits.
  if (digits.length > INTEGER_CHARS_MAX) return new JsonFloat(Number(digits))
  const exact = BigInt(digits)
  if (!isInteger64(exact)) return new JsonFloat(Number(digits))
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}

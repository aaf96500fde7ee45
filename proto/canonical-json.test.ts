/** Numbers survive, keys are in byte order, and the hash is DashFlow's. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canonicalJson,
  cloneJson,
  JsonError,
  JsonFloat,
  parseLossless,
  setKey,
  stateHash,
  type JsonErrorCode,
  type JsonObject,
  type JsonValue,
} from './canonical-json.ts'

const canonical = (text: string) => canonicalJson(parseLossless(text))
const signed = (text: string) => canonicalJson(parseLossless(text), { exponent: 'signed' })
const hashOf = (text: string) => Buffer.from(stateHash(parseLossless(text))).toString('hex')

function codeOf(work: () => unknown): JsonErrorCode | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof JsonError) return error.code
    throw error
  }
  return undefined
}

const anyFloat = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((each) => new JsonFloat(each))
const anyInteger = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
  .map((each) => (Number.isSafeInteger(Number(each)) ? Number(each) : each))
const anyKey = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', '', '\ue000', '\u{1f600}', '\uffff'),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
/** Pieces of JSON and of what is nearly JSON. */
const marks = '{ } [ ] , : / " \\ \\u12 "a" "\\n" "\u0001"'.split(' ')
const words = '1 - 0 .5 e+1 01 true nul null'.split(' ')
const anyToken = fc.constantFrom(...marks, ...words, ' ', '\n', '\t', '\u000b', '\ufeff')
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const { anyJson } = fc.letrec<{ anyJson: JsonValue }>((tie) => ({
  anyJson: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'binary' }),
    anyInteger,
    anyFloat,
    fc.array(tie('anyJson'), { maxLength: 5 }),
    fc.array(fc.tuple(anyKey, tie('anyJson')), { maxLength: 5 }).map(objectOf),
  ),
}))

function objectOf(entries: [string, JsonValue][]): JsonObject {
  const object: JsonObject = {}
  for (const [key, value] of entries) setKey(object, key, value)
  return object
}

describe('stateHash', () => {
  it.each([
    ['{"b":2,"a":1,"nested":{"z":"x","y":[true,null]}}', 'f35279c8aa6b00bc82d43a191596cc3b'],
    ['{}', '44136fa355b3678a1146ad16f7e8649e'],
    ['{"a":1.0}', 'c29a44abc114a1d75486434c013102c9'],
    ['{"a":1}', '015abd7f5cc57a2dd94b7590f04ad808'],
  ])('of %s is the one that producers compute', (text, start) => {
    expect(hashOf(text).slice(0, 32)).toBe(start)
  })

  it('distinguishes 1 from 1.0, and 2^53 from 2^53 + 1', () => {
    expect(hashOf('1')).not.toBe(hashOf('1.0'))
    expect(hashOf('9007199254740992')).not.toBe(hashOf('9007199254740993'))
  })
})

describe('canonicalJson', () => {
  it.each([
    ['1.0', '1.0'],
    ['0.1', '0.1'],
    ['-0.0', '-0.0'],
    ['0.0', '0.0'],
    ['0e5', '0.0'],
    ['1e15', '1000000000000000.0'],
    ['1e16', '1e16'],
    ['1.5e300', '1.5e300'],
    ['123456789012345680.0', '1.2345678901234568e17'],
    ['1234567890123456.7', '1234567890123456.8'],
    ['0.00001', '0.00001'],
    ['1e-6', '1e-6'],
    ['-1.5e-7', '-1.5e-7'],
    ['5e-324', '5e-324'],
    ['18446744073709551615', '18446744073709551615'],
    ['-9223372036854775808', '-9223372036854775808'],
  ])('writes %s as %s', (text, expected) => {
    expect(canonical(text)).toBe(expected)
  })

  it.each([
    ['-0', '-0.0'],
    ['18446744073709551616', '1.8446744073709552e19'],
    ['-9223372036854775809', '-9.223372036854776e18'],
  ])('takes %s for the float that serde_json takes it for', (text, expected) => {
    expect(parseLossless(text)).toBeInstanceOf(JsonFloat)
    expect(canonical(text)).toBe(expected)
  })

  it('writes the exponents of newer serde_json on demand', () => {
    expect([signed('1e16'), signed('1e-6'), signed('1e15')]).toEqual([
      '1e+16',
      '1e-6',
      '1000000000000000.0',
    ])
  })

  it('sorts keys by their UTF-8 bytes, not by UTF-16 units', () => {
    const keys = ['\u{1f600}', '\ue000', 'é', 'a', 'B', '', 'aa']
    const object = objectOf(keys.map((key) => [key, 0]))
    const inBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(canonicalJson(object)).toBe(`{${inBytes.map((key) => `"${key}":0`).join(',')}}`)
  })

  it('escapes what serde_json escapes, and no more', () => {
    expect(canonical('"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\\\/\\u007f\\u2028"')).toBe(
      '"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\/\u007f\u2028"',
    )
  })

  it('refuses what has no exact text', () => {
    const loop: JsonValue[] = []
    loop.push(loop)
    const withHole: JsonValue[] = [1, 2]
    withHole[3] = 3
    expect(codeOf(() => canonicalJson(2 ** 53))).toBe('json_number_ambiguous')
    expect(codeOf(() => canonicalJson('\ud800'))).toBe('json_lone_surrogate')
    expect(codeOf(() => canonicalJson({ a: undefined as never }))).toBe('json_not_a_value')
    expect(codeOf(() => canonicalJson(loop))).toBe('json_too_deep')
    expect(codeOf(() => canonicalJson(withHole))).toBe('json_not_a_value')
    expect(canonicalJson(new JsonFloat(2 ** 53))).toBe('9007199254740992.0')
    expect(canonicalJson(2.5)).toBe('2.5')
  })
})

describe('parseLossless', () => {
  it('reads back every value from its canonical text', () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom('plain', 'signed'), (value, exponent) => {
        const text = canonicalJson(value, { exponent })
        expect(parseLossless(text)).toEqual(cloneJson(value))
        expect(parseLossless(Buffer.from(text))).toEqual(value)
        expect(canonicalJson(parseLossless(text), { exponent })).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('agrees with JSON.parse on what is JSON', () => {
    const text = fc.array(anyToken, { maxLength: 8 }).map((tokens) => tokens.join(''))
    fc.assert(
      fc.property(text, (each) => {
        expect(isJson(parseLossless, each)).toBe(isJson(parseFinite, each))
      }),
      { numRuns: 4000, examples: [['1e+1001'], ['[-1e+1001]']] },
    )
  })

  it('keeps a key __proto__ as a key', () => {
    const value = parseLossless('{"__proto__":{"isAdmin":true}}') as JsonObject
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect((value as { isAdmin?: unknown }).isAdmin).toBeUndefined()
  })

  it('lets the last of equal keys win', () => {
    expect(parseLossless('{"a":1,"a":2}')).toEqual({ a: 2 })
  })

  it.each([
    ['json_syntax', '{"a":1,}'],
    ['json_syntax', ''],
    ['json_number_out_of_range', '1e400'],
    ['json_number_out_of_range', '9'.repeat(400)],
    ['json_lone_surrogate', '"\\ud83d"'],
    ['json_not_utf8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['json_syntax', Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)],
  ] as const)('refuses with %s', (code, text) => {
    expect(codeOf(() => parseLossless(text))).toBe(code)
  })

  it('accepts 127 levels and no more, by default', () => {
    expect(codeOf(() => parseLossless(nested(127)))).toBeUndefined()
    expect(codeOf(() => parseLossless(nested(128)))).toBe('json_too_deep')
    expect(codeOf(() => parseLossless(nested(3), { depthMax: 2 }))).toBe('json_too_deep')
    expect(codeOf(() => parseLossless('['.repeat(100_000)))).toBe('json_too_deep')
  })
})

/** What no double holds becomes Infinity there, and is refused here. */
function parseFinite(text: string): void {
  JSON.parse(text, (_, value: unknown) => {
    if (value === Infinity || value === -Infinity) throw new RangeError('beyond a double')
    return value
  })
}

function isJson(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

/** RFC 6902 exactly, on states that lose nothing and are never changed in place. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, type JsonValue } from '../../proto/canonical-json.ts'
import { DiffOperation_ValueEncoding as Encoding } from '../../proto/gen/dashstream_pb.js'
import { clientLimits, type ClientLimits } from './limits.ts'
import { nodePlatform } from './node-platform.ts'
import { readOperations } from './patch-ops.ts'
import { applyPatch } from './patch.ts'
import { measured } from './state-size.ts'
import { diffOps, json, operationOf, type Op } from './client-testbed.ts'
import { referenceParts } from './wiring.ts'

const parts = referenceParts(nodePlatform)

function patch(state: JsonValue, ops: readonly Op[], more: Partial<ClientLimits> = {}) {
  const limits = { ...clientLimits, ...more }
  const read = readOperations(ops.map(operationOf), parts, limits)
  if (!read.ok) return read
  return applyPatch({ ...measured(state), bytes: 0, depth: 0 }, read.operations, limits)
}

/** The new state as text, or the reason of the refusal. */
function result(state: string, ops: readonly Op[], more?: Partial<ClientLimits>): string {
  const patched = patch(json(state), ops, more)
  return patched.ok && 'state' in patched ? canonicalJson(patched.state.value) : reasonOf(patched)
}
const reasonOf = (refused: object) => ('reason' in refused ? String(refused.reason) : '?')

describe('what RFC 6902 allows', () => {
  const cases: [string, Op[], string][] = [
    ['{"a":1}', [['add', '/b', '2']], '{"a":1,"b":2}'],
    ['{"a":1}', [['add', '/a', '2']], '{"a":2}'],
    ['[1,3]', [['add', '/1', '2']], '[1,2,3]'],
    ['[1]', [['add', '/1', '2']], '[1,2]'],
    ['[1]', [['add', '/-', '[2]']], '[1,[2]]'],
    ['{"a":1}', [['add', '', '[]']], '[]'],
    ['{"":{"":1}}', [['replace', '//', '2']], '{"":{"":2}}'],
    ['{"a/b":1,"c~d":2}', [['replace', '/a~1b', '3'], ['remove', '/c~0d']], '{"a/b":3}'],
    ['{"~1":1}', [['replace', '/~01', '2']], '{"~1":2}'],
    ['{"a":null}', [['replace', '/a', '1']], '{"a":1}'],
    ['{"a":null}', [['add', '/a', '']], '{"a":null}'],
    ['[1,2,3]', [['remove', '/0'], ['remove', '/1']], '[2]'],
    ['{"a":{"b":1},"c":{}}', [['move', '/c/d', '/a/b']], '{"a":{},"c":{"d":1}}'],
    ['[1,2,3]', [['move', '/2', '/0']], '[2,3,1]'],
    ['{"a":1}', [['move', '/a', '/a']], '{"a":1}'],
    ['{"a":[1]}', [['copy', '/b', '/a'], ['add', '/b/-', '2']], '{"a":[1],"b":[1,2]}'],
    [
      '{"a":[1]}',
      [
        ['add', '/a/-', '2'],
        ['copy', '/b', '/a'],
        ['add', '/b/-', '3'],
      ],
      '{"a":[1,2],"b":[1,2,3]}',
    ],
    ['{"a":1}', [['copy', '/b', '']], '{"a":1,"b":{"a":1}}'],
    ['{"a":{"x":1,"y":[2]}}', [['test', '/a', '{"y":[2.0],"x":1}']], '{"a":{"x":1,"y":[2]}}'],
    ['[18446744073709551615]', [['test', '/0', '18446744073709551615'], ['remove', '/0']], '[]'],
    ['{"constructor":1}', [['replace', '/constructor', '2']], '{"constructor":2}'],
    ['{"__proto__":{"a":1}}', [['replace', '/__proto__/a', '2']], '{"__proto__":{"a":2}}'],
    ['{}', [['add', '/__proto__', '{"x":1}']], '{"__proto__":{"x":1}}'],
    ['{}', [['add', '/prototype', '0']], '{"prototype":0}'],
  ]
  test.each(cases)('%s %j gives %s', (state, ops, wanted) => {
    expect(result(state, ops)).toBe(wanted)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('what RFC 6902 refuses', () => {
  const cases: [string, Op][] = [
    ['{}', ['add', '/a/b', '1']],
    ['{"a":null}', ['add', '/a/b', '1']],
    ['{"a":"text"}', ['add', '/a/0', '1']],
    ['{"a":1.0}', ['add', '/a/value', '1']],
    ['{}', ['replace', '/a', '1']],
    ['{}', ['remove', '/a']],
    ['{}', ['remove', '']],
    ['[]', ['replace', '/0', '1']],
    ['[]', ['add', '/1', '1']],
    ['[1]', ['add', '/01', '1']],
    ['[1]', ['add', '/+1', '1']],
    ['[1]', ['add', '/1e0', '1']],
    ['[1]', ['replace', '/-', '1']],
    ['[1]', ['remove', '/-']],
    ['[]', ['add', '/4294967294/x', '1']],
    ['[]', ['add', '/4294967294', '1']],
    ['[1]', ['add', '/length', '1']],
    ['{}', ['add', '/toString/x', '1']],
    ['{}', ['replace', '/__proto__', '1']],
    ['{}', ['remove', '/constructor']],
    ['{}', ['copy', '/a', '/b']],
    ['{}', ['move', '/a', '/b']],
    ['{"a":{}}', ['move', '/a/b', '/a']],
    ['[[],[]]', ['move', '/0/0', '/0']],
    ['{"a":1}', ['move', '/b', '']],
    ['{"a":1}', ['test', '/a', '2']],
    ['{"a":1}', ['test', '/a', '"1"']],
    ['{"a":9007199254740993}', ['test', '/a', '9007199254740992']],
    ['{"a":[]}', ['test', '/a', '{}']],
    ['{}', ['test', '/a', 'null']],
    ['{"a":1}', ['add', 'a', '1']],
    ['{"a":1}', ['add', '/~2', '1']],
    ['{"a":1}', ['add', '/~', '1']],
  ]
  test.each(cases)('%s %j', (state, op) => {
    expect(result(state, [['add', '', state], op])).toBe('patch')
  })

  test('a patch applies as a whole or not at all', () => {
    const state = json('{"a":{"b":[1]}}')
    const before = structuredClone(state)
    const ops: Op[] = [
      ['add', '/a/b/-', '2'],
      ['remove', '/a/b/0'],
    ]
    expect(patch(state, [...ops, ['remove', '/x']]).ok).toBe(false)
    expect(patch(state, ops).ok).toBe(true)
    expect(state).toEqual(before)
  })

  test('unknown operations and encodings are refused, not taken for another', () => {
    const op = { ...operationOf(['add', '/a', '1']), op: 6 as never }
    expect(reasonOf(readOperations([op], parts, clientLimits))).toBe('patch-op')
    for (const encoding of [Encoding.MSGPACK, Encoding.PROTOBUF, 9 as never]) {
      const { reason } = parts.patchValue(new Uint8Array(0), encoding, parts.parseJson) as never
      expect(reason).toBe('patch-value-encoding')
    }
  })
})

describe('limits', () => {
  test('are checked before a value is parsed', () => {
    let parsed = 0
    const counting = { ...parts, parseJson: () => (parsed += 1) }
    const op = operationOf(['add', '/a', '12345678'])
    const refuses = (limits: Partial<ClientLimits>) =>
      reasonOf(readOperations([op, op], counting, { ...clientLimits, ...limits }))
    expect(refuses({ operationsMax: 1 })).toBe('patch-limits')
    expect(refuses({ pathUnitsMax: 1 })).toBe('patch-limits')
    expect(refuses({ stateBytesMax: 15 })).toBe('patch-limits')
    expect(parsed).toBe(0)
  })

  test('hold against copies of copies and moves into depth', () => {
    const doubling = Array.from({ length: 40 }, (_, n): Op => ['copy', `/c${n}`, ''])
    const deeper: Op[] = [
      ['add', '/n', '{}'],
      ['move', '/n/a', '/a'],
      ['move', '/a', '/n'],
    ]
    const sinking = Array.from({ length: 3_000 }, () => deeper).flat()
    expect(result('{"a":[1,2,3]}', doubling)).toBe('patch-limits')
    expect(result('{"a":[1,2,3]}', sinking)).toBe('state-too-large')
  })

  test('a large state is changed without being copied', () => {
    const big = json(`[[${'1,'.repeat(50_000)}1],{"x":{"y":1}}]`) as JsonValue[]
    const patched = patch(big, [['replace', '/1/x/y', '2']])
    const value = 'state' in patched ? (patched.state.value as JsonValue[]) : []
    expect(value[0]).toBe(big[0])
    expect(value[1]).not.toBe(big[1])
  })

  test('ten thousand operations on one large array cost one copy of it, not ten thousand', () => {
    const state = json(`[${'1,'.repeat(100_000)}1]`)
    const ops = Array.from({ length: 10_000 }, (_, n): Op => ['replace', `/${n}`, '2'])
    expect(patch(state, ops).ok).toBe(true)
  })
})

/** JSON texts with everything that is hard: floats, huge integers, astral and dangerous keys. */
const keys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'a/b', 'm~n', '', '0', '\uff5a', '\u{1f600}'),
  fc.string({ maxLength: 4, unit: 'grapheme' }),
)
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    const text = Object.is(value, -0) ? '-0' : String(value)
    return /[.e]/.test(text) ? text : `${text}.0`
  }),
)
const { value: jsonTexts } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('null', 'true', 'false'),
    numbers,
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(keys, tie('value')), { maxLength: 5, selector: ([key]) => key })
      .map((members) => `{${members.map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(',')}}`),
  ),
}))

describe('any state', () => {
  test('becomes any other by their difference, to the last digit', () => {
    fc.assert(
      fc.property(jsonTexts, jsonTexts, (from, to) => {
        const before = json(from)
        expect(result(from, diffOps(before, json(to)))).toBe(canonicalJson(json(to)))
        patch(before, diffOps(before, json(to)))
        expect(before).toEqual(json(from))
      }),
      { numRuns: 300 },
    )
  })
})

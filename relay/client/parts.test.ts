/** Known mistakes, put back through the seam: the client differs in that rule, and it shows. */
import { describe, expect, test } from 'vitest'
import { parseLossless, type JsonValue } from '../../proto/canonical-json.ts'
import { EventType } from '../../proto/gen/dashstream_pb.js'
import { nodePlatform } from './node-platform.ts'
import type { ClientParts } from './parts.ts'
import { Bed, diff, event, json } from './client-testbed.ts'
import { referenceParts } from './wiring.ts'

const reference = referenceParts(nodePlatform)
const start = (state: string) =>
  event(EventType.GRAPH_START, { sequence: 1 }, { initial_state_json: state })

describe('a part in place of the reference one', () => {
  test('a value that does not parse can be taken for text', () => {
    const parts: Partial<ClientParts> = {
      patchValue(bytes, encoding, parseJson) {
        const read = reference.patchValue(bytes, encoding, parseJson)
        return read.ok ? read : { ok: true, value: new TextDecoder().decode(bytes) }
      },
    }
    const bad = diff({ sequence: 2 }, { ops: [['replace', '/a', '{bad']] })
    const [right, wrong] = [new Bed(), new Bed({ parts })]
    for (const bed of [right, wrong]) bed.sendAll([start('{"a":1}'), bad])
    expect([right.stateText(), right.flags()]).toEqual(['{"a":1}', ['patch']])
    expect([wrong.stateText(), wrong.flags()]).toEqual(['{"a":"{bad"}', []])
  })

  test('integers above 2^53 can be rounded', () => {
    const parts: Partial<ClientParts> = {
      parseJson: (text) =>
        JSON.parse(text, (_, value: JsonValue) =>
          typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(value) : value,
        ) as JsonValue,
    }
    const big = '{"a":9007199254740993}'
    const whole = diff({ sequence: 2 }, { full: big, hash: json(big) })
    const [right, wrong] = [new Bed(), new Bed({ parts })]
    for (const bed of [right, wrong]) bed.sendAll([start('{"a":1}'), whole])
    expect([right.stateText(), right.flags()]).toEqual([big, []])
    expect([wrong.stateText(), wrong.flags()]).toEqual(['{"a":1}', ['hash']])
    expect(parseLossless(big)).toEqual({ a: 9007199254740993n })
  })

  test('a part that throws harms its own record only', () => {
    const parts: Partial<ClientParts> = {
      applyPatch() {
        throw new Error('out of order')
      },
    }
    const bed = new Bed({ parts })
    const patch = diff({ sequence: 2 }, { ops: [['replace', '/a', '2']] })
    expect(bed.sendAll([start('{"a":1}'), patch]).map(({ reason }) => reason)).toEqual([
      undefined,
      'internal',
    ])
    expect([bed.stateText(), bed.flags()]).toEqual(['{"a":1}', ['internal']])
    expect(bed.client.cursor().offsets).toEqual({ 0: '1' })
  })
})

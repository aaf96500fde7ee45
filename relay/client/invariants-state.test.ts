/** The client's contract, second half: its guarantees for states. One test for each claim. */
import { zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CompressionType, EventType } from '../../proto/gen/dashstream_pb.js'
import { nodePlatform } from './node-platform.ts'
import { referenceParts } from './wiring.ts'
import {
  Bed,
  bytesOf,
  checkpoint,
  diff,
  event,
  json,
  listOf,
  push,
  sha256,
  token,
  type At,
} from './client-testbed.ts'

const start = (state = '{"n":0}', at: At = {}) =>
  event(EventType.GRAPH_START, { sequence: 1, ...at }, { initial_state_json: state })
const setN = (sequence: number, n: number, at: At = {}) =>
  diff({ sequence, ...at }, { ops: [['replace', '/n', String(n)]], hash: json(`{"n":${n}}`) })
/** The same without a hash, so that nothing vouches for it. */
const blindN = (sequence: number, n: number) =>
  diff({ sequence }, { ops: [['replace', '/n', String(n)]] })
const blindAdd = (sequence: number) => diff({ sequence }, { ops: [['add', '/x', '1']] })
const badN = (sequence: number) => diff({ sequence }, { ops: [['replace', '/n', '{bad']] })
const lz4 = { type: CompressionType.COMPRESSION_LZ4 }
const packed = (state: string) => {
  const plain = bytesOf(state)
  return {
    checkpointId: sha256(plain).subarray(0, 16),
    state: new Uint8Array(zstdCompressSync(plain, { pledgedSrcSize: plain.length })),
    checksum: sha256(plain),
    compressionInfo: { type: CompressionType.COMPRESSION_ZSTD },
  }
}

describe('a run first seen in its middle', () => {
  test('is partial until a whole state comes, and takes no operation before', () => {
    const wholes = [
      diff({ sequence: 11 }, { full: '{"n":9}' }),
      checkpoint({ sequence: 11 }, packed('{"n":9}')),
      start('{"n":9}', { sequence: 11 }),
    ]
    for (const whole of wholes) {
      const bed = new Bed()
      expect(bed.send(token({ sequence: 9 })).outcome).toBe('applied')
      expect(bed.flags()).toEqual(['partial'])
      expect(bed.send(blindAdd(10)).reason).toBe('needs-base')
      expect(bed.stateText()).toBe('{}')
      expect(bed.send(whole).outcome).toBe('applied')
      expect(bed.send(blindN(12, 3)).outcome).toBe('applied')
      expect([bed.stateText(), bed.flags()]).toEqual(['{"n":3}', []])
    }
  })

  test('is partial too after a graph start without a state', () => {
    const bed = new Bed()
    bed.send(start())
    bed.send(event(EventType.GRAPH_START, { sequence: 2 }))
    expect([bed.stateText(), bed.flags()]).toEqual(['{}', ['partial']])
    expect(bed.send(blindAdd(3)).reason).toBe('needs-base')
  })

  test('takes no state of a node either, for that is only a part of a state', () => {
    const bed = new Bed()
    const part = event(EventType.NODE_END, { sequence: 8 }, { state_json: '{"x":1}' }, 'a')
    expect(bed.send(part).reason).toBe('needs-base')
    expect(bed.stateText()).toBe('{}')
  })

  test('is whole when a hash proves what its operations make', () => {
    const bed = new Bed()
    const whole = diff({ sequence: 10 }, { ops: [['add', '', '{"n":1}']], hash: json('{"n":1}') })
    expect(bed.send(whole).outcome).toBe('applied')
    expect(bed.flags()).toEqual([])
  })
})

describe('a run that is not proven', () => {
  test('takes no operation, and recovers for good by a whole state', () => {
    const wholes = [
      diff({ sequence: 4 }, { full: '{"n":5}', hash: json('{"n":5}') }),
      checkpoint({ sequence: 4 }, packed('{"n":5}')),
    ]
    for (const whole of wholes) {
      const bed = new Bed()
      bed.send(start())
      expect(bed.send(badN(2)).reason).toBe('patch-value')
      expect(bed.send(blindN(3, 3)).reason).toBe('needs-base')
      expect([bed.stateText(), bed.flags()]).toEqual(['{"n":0}', ['patch']])
      bed.send(whole)
      expect([bed.stateText(), bed.flags()]).toEqual(['{"n":5}', []])
      expect(bed.send(blindN(5, 6)).outcome).toBe('applied')
      expect([bed.stateText(), bed.flags()]).toEqual(['{"n":6}', []])
    }
  })

  test('is flagged by every refusal with its own reason, and keeps its state', () => {
    const bad = '{"n":'
    const cases: [Uint8Array, string, string][] = [
      [diff({ sequence: 2 }, { ops: [['replace', '/x', '1']] }), 'patch', 'patch'],
      [diff({ sequence: 2 }, { ops: [['replace', '/n', '7']], hash: json('8') }), 'hash', 'hash'],
      [diff({ sequence: 2 }, { full: bad }), 'state-json', 'state'],
      [diff({ sequence: 0 }, { full: '{}' }), 'sequence-missing', 'unsequenced'],
      [diff({ sequence: 3 }, { ops: [['replace', '/n', '7']] }), 'gap', 'gap'],
      [setN(2, 7, { schemaVersion: 2 }), 'schema', 'schema'],
      [diff({ sequence: 2 }, { base: bytesOf('0123456789abcdef') }), 'base-unknown', 'checkpoint'],
      [event(EventType.NODE_END, { sequence: 2 }, { state_json: bad }), 'state-json', 'state'],
      [checkpoint({ sequence: 2 }, { state: bytesOf(bad) }), 'state-json', 'state'],
      [
        checkpoint({ sequence: 2 }, { ...packed('{}'), checksum: sha256(bytesOf('other')) }),
        'checkpoint-checksum',
        'checkpoint',
      ],
      [
        checkpoint({ sequence: 2 }, { ...packed('{}'), state: bytesOf('garbage') }),
        'checkpoint-bytes',
        'checkpoint',
      ],
      [
        checkpoint({ sequence: 2 }, { state: bytesOf('{}'), compressionInfo: lz4 }),
        'checkpoint-encoding',
        'checkpoint',
      ],
    ]
    for (const [value, reason, flag] of cases) {
      const bed = new Bed()
      bed.send(start())
      const { outcome, reason: found } = bed.send(value)
      expect([outcome, found]).toEqual(['refused', reason])
      expect([bed.stateText(), bed.flags()]).toEqual(['{"n":0}', [flag]])
      expect(bed.client.run('run')?.refusals.get(found!)).toBe(1)
      expect(bed.send(blindN(4, 1)).outcome).toBe('refused')
    }
  })

  test('finds its way back when what was refused or missed is sent again', () => {
    const bed = new Bed()
    const values = [1, 2, 3, 4].map((count) => push(count))
    bed.send(start(listOf(0)), 0n)
    bed.send(values[2]!, 3n)
    bed.send(values[3]!, 4n)
    expect(bed.flags()).toEqual(['gap'])
    const again = values.map((value, index) => bed.send(value, BigInt(index + 1)).outcome)
    expect(again).toEqual(['applied', 'applied', 'applied', 'applied'])
    expect([bed.stateText(), bed.flags()]).toEqual([listOf(4), []])
  })

  test('counts what it has already when holes before it are filled', () => {
    const bed = new Bed()
    const [first, second] = [push(1), token({ sequence: 3 })]
    bed.send(start(listOf(0)), 0n)
    bed.send(second, 2n)
    expect(bed.flags()).toEqual(['gap'])
    expect(bed.send(first, 1n).outcome).toBe('applied')
    expect(bed.flags()).toEqual(['catching-up'])
    expect(bed.send(second, 2n).reason).toBe('redelivered')
    expect(bed.flags()).toEqual([])
    expect(bed.client.run('run')?.lastAppliedSequence).toBe(3n)
  })

  test('goes on at once when a hash proves that what is missing does not matter', () => {
    const bed = new Bed()
    bed.send(start())
    expect(bed.send(setN(9, 9)).outcome).toBe('applied')
    expect([bed.stateText(), bed.flags()]).toEqual(['{"n":9}', []])
  })
})

describe('a state', () => {
  test('has the hash of its producer, whatever numbers and keys it holds', () => {
    const states = [
      '{"f":1.0,"z":-0.0,"i":9007199254740993,"u":18446744073709551615,"s":-9223372036854775808}',
      '{"\\uff5a":1,"\\ud83d\\ude00":2,"__proto__":{"constructor":1},"prototype":null}',
      '{"e":1e16,"t":1.5e-7,"d":0.1,"big":123456789012345.0}',
      `${'['.repeat(120)}1${']'.repeat(120)}`,
      'null',
      '"text"',
    ]
    for (const state of states) {
      const bed = new Bed()
      const whole = diff({ sequence: 5 }, { full: state, hash: json(state) })
      expect(bed.send(whole).outcome).toBe('applied')
      const again = diff({ sequence: 6 }, { ops: [['replace', '', state]], hash: json(state) })
      expect(bed.send(again).outcome).toBe('applied')
      expect(bed.flags()).toEqual([])
      expect(bed.client.stateHashOf('run')).toEqual(sha256(bytesOf(bed.stateText())))
    }
  })

  test('is right by either spelling of a large exponent', () => {
    const bed = new Bed()
    const signed = sha256(bytesOf('{"e":1e+16}'))
    const whole = diff({ sequence: 1 }, { full: '{"e":1e16}', hash: signed })
    expect(bed.send(whole).outcome).toBe('applied')
  })

  test('of the past is what it was then, however often it is asked for', () => {
    const bed = new Bed()
    const was = new Map<bigint, string>()
    const records = [
      start('{"l":[],"n":0}'),
      diff({ sequence: 2 }, { ops: [['add', '/l/-', '1']] }),
      token({ sequence: 3 }),
      event(EventType.NODE_END, { sequence: 4 }, { state_json: '{"k":true}' }, 'a'),
      diff({ sequence: 5 }, { ops: [['add', '/l/-', '2']] }),
    ]
    for (const [index, value] of records.entries()) {
      bed.send(value)
      was.set(BigInt(index + 1), bed.stateText())
    }
    for (let round = 0; round < 3; round += 1) {
      for (const [sequence, text] of was) {
        expect(bed.client.stateAt('run', sequence)).toEqual(json(text))
      }
    }
    expect(bed.client.stateAt('run', 6n)).toBeUndefined()
  })

  test('is the same whether messages are decoded here or in a worker', () => {
    const { decode } = referenceParts(nodePlatform)
    const posted: typeof decode = (frame, max) => structuredClone(decode(frame, max))
    const records = [
      start('{"n":0}', { sequence: 2n ** 64n - 5n }),
      diff({ sequence: 2n ** 64n - 4n }, { ops: [['add', '', '{"n":1}']] }),
      event(EventType.NODE_START, { sequence: 2n ** 64n - 3n }, {}, 'a'),
      setN(Number.MAX_SAFE_INTEGER, 1),
    ]
    const [here, there] = [new Bed(), new Bed({ parts: { decode: posted } })]
    expect(there.sendAll(records)).toEqual(here.sendAll(records))
    expect(there.everything()).toEqual(here.everything())
    expect(here.client.run('run')?.lastAppliedSequence).toBe(2n ** 64n - 3n)
  })

  test('of a node lasts: a late or repeated start does not make it active again', () => {
    const bed = new Bed()
    const begin = event(EventType.NODE_START, { sequence: 2 }, {}, 'a')
    bed.sendAll([start(), begin, event(EventType.NODE_END, { sequence: 3 }, {}, 'a'), begin])
    bed.send(event(EventType.NODE_START, { sequence: 2, id: 'other' }, {}, 'a'))
    expect(bed.client.run('run')?.nodes.get('a')?.status).toBe('completed')
  })

  test('of a node is the newest one, in whatever order the events come', () => {
    const bed = new Bed()
    bed.send(event(EventType.NODE_END, { sequence: 5 }, {}, 'a'), 9n)
    bed.send(event(EventType.NODE_START, { sequence: 4 }, {}, 'a'), 8n)
    expect(bed.client.run('run')?.nodes.get('a')?.status).toBe('completed')
  })
})

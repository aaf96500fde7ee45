/** Frames have the shapes that DashFlow's clients and relay know, and no integer is rounded. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  controlFailures,
  cursorText,
  encodeControl,
  parseClientFrame,
  parseControl,
  parseServerFrame,
  type ControlFrame,
  type Resume,
} from './control.ts'

function frameOf(text: string): ControlFrame {
  const parsed = parseControl(text)
  if (!parsed.ok) throw new Error(parsed.says)
  return parsed.frame
}

function resumeOf(fields: string): Resume {
  const frame = frameOf(`{"type":"resume"${fields && `,${fields}`}}`)
  if (frame.type !== 'resume') throw new Error(`read as ${frame.type}`)
  return frame
}

const mode = (fields: string) => resumeOf(fields).mode
const from = (fields: string) => resumeOf(fields).from

function reasonOf(text: string, parse = parseControl as typeof parseServerFrame) {
  const parsed = parse(text)
  return parsed.ok ? 'ok' : parsed.reason
}

const anyOffset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const anyPartition = fc.nat(2 ** 31 - 1)
const anyOffsets = fc
  .array(fc.tuple(anyPartition, anyOffset), { maxLength: 5 })
  .map((each) => new Map(each))
const anySequence = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const anyThreads = fc
  .array(fc.tuple(fc.string(), anySequence), { maxLength: 5 })
  .map((each) => new Map(each))
const type = <Name extends string>(name: Name) => fc.constant(name)
const anyFrame: fc.Arbitrary<ControlFrame> = fc.oneof(
  fc.record({ type: fc.constantFrom('ping', 'pong', 'cursor_reset') }),
  fc.record({ type: type('cursor'), partition: anyPartition, offset: anyOffset }),
  fc.record({
    type: type('resume'),
    mode: fc.constantFrom('partition', 'thread'),
    from: fc.constantFrom('latest', 'earliest', 'cursor'),
    lastOffsetsByPartition: anyOffsets,
    lastSequencesByThread: anyThreads,
    refused: fc.constant([]),
  }),
  fc.record({
    type: type('gap'),
    count: anyOffset,
    severity: fc.constantFrom('info', 'warning', 'critical'),
    message: fc.string({ unit: 'binary' }),
    partition: anyPartition,
    firstOffset: anyOffset,
    lastOffset: anyOffset,
  }),
  fc.record({
    type: type('gap'),
    count: anySequence,
    severity: fc.constantFrom('info', 'warning', 'critical'),
    message: fc.string(),
    threadId: fc.string(),
    firstSequence: anySequence,
    lastSequence: anySequence,
  }),
  fc.record({
    type: type('replay_complete'),
    mode: fc.constantFrom('latest', 'earliest', 'cursor', 'thread'),
    totalReplayed: fc.maxSafeNat(),
    lastOffsetsByPartition: anyOffsets,
    capped: fc.boolean(),
    schema_version: fc.constant(1),
  }),
  fc.record({
    type: type('cursor_stale'),
    partition: anyPartition,
    requested: anyOffset,
    oldest: anyOffset,
    message: fc.string(),
  }),
)

describe('encodeControl', () => {
  it.each<[string, ControlFrame]>([
    ['{"type":"pong"}', { type: 'pong' }],
    [
      '{"type":"cursor","partition":3,"offset":"12"}',
      { type: 'cursor', partition: 3, offset: 12n },
    ],
    [
      '{"type":"error","code":"REPLAY_TIMEOUT","message":"m"}',
      { type: 'error', code: 'REPLAY_TIMEOUT', message: 'm' },
    ],
    [
      '{"type":"replay_complete","mode":"thread","totalReplayed":0,' +
        '"lastOffsetsByPartition":{"2":"9223372036854775807"},"capped":false,"schema_version":1}',
      {
        type: 'replay_complete',
        mode: 'thread',
        totalReplayed: 0,
        lastOffsetsByPartition: new Map([[2, 2n ** 63n - 1n]]),
        capped: false,
        schema_version: 1,
      },
    ],
  ])('writes %s', (text, frame) => {
    expect(encodeControl(frame)).toBe(text)
  })

  it('writes what reads back as the same frame', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(frameOf(encodeControl(frame))).toEqual(frame)
      }),
      { numRuns: 500 },
    )
  })

  it('has a short way for cursors that says the same', () => {
    fc.assert(
      fc.property(anyPartition, anyOffset, (partition, offset) => {
        const frame = { type: 'cursor', partition, offset } as const
        expect(cursorText(partition, offset)).toBe(encodeControl(frame))
      }),
    )
  })
})

describe('parseControl', () => {
  it('is total', () => {
    const known = fc.constantFrom('gap', 'cursor', 'resume', 'replay_complete', 'nothing')
    const object = fc.tuple(known, fc.jsonValue()).map(([name, value]) =>
      JSON.stringify({ ...(value as object), type: name, partition: value, offset: value }),
    )
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), object), (text) => {
        const reason = reasonOf(text)
        expect(reason === 'ok' || reason in controlFailures).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['invalid_json', '{"type":"ping"'],
    ['invalid_json', ''],
    ['not_an_object', '[1]'],
    ['not_an_object', '1.0'],
    ['unknown_type', '{}'],
    ['unknown_type', '{"type":"toString"}'],
    ['unknown_type', '{"__proto__":{"type":"ping"}}'],
    ['invalid_shape', '{"type":"cursor","partition":-1,"offset":"1"}'],
    ['invalid_shape', '{"type":"cursor","partition":1.0,"offset":"1"}'],
    ['invalid_shape', '{"type":"cursor","partition":1,"offset":1e3}'],
    ['invalid_shape', '{"type":"cursor","partition":1,"offset":"9223372036854775808"}'],
    ['invalid_shape', '{"type":"gap","count":"3","severity":"info","message":""}'],
  ])('answers %s to %s', (reason, text) => {
    expect(reasonOf(text)).toBe(reason)
  })

  it('keeps the directions apart', () => {
    expect(reasonOf('{"type":"pong"}', parseClientFrame as never)).toBe('unknown_type')
    expect(reasonOf('{"type":"ping"}', parseServerFrame)).toBe('unknown_type')
  })

  it('reads keys in any order, and leaves unknown ones out', () => {
    expect(frameOf('{"offset":"7","x":1,"partition":0,"type":"cursor"}')).toEqual({
      type: 'cursor',
      partition: 0,
      offset: 7n,
    })
  })

  it("fills in what DashFlow's relay leaves out", () => {
    expect(frameOf('{"type":"replay_complete","totalReplayed":3,"mode":"thread"}')).toEqual({
      type: 'replay_complete',
      mode: 'thread',
      totalReplayed: 3,
      lastOffsetsByPartition: new Map(),
      capped: false,
      schema_version: 0,
    })
  })
})

describe('resume', () => {
  it('reads numbers and strings, exactly', () => {
    const { lastOffsetsByPartition } = resumeOf(
      '"lastOffsetsByPartition":{"0":9007199254740993,"1":"9223372036854775807","2":0}',
    )
    expect(lastOffsetsByPartition).toEqual(
      new Map([
        [0, 9_007_199_254_740_993n],
        [1, 9_223_372_036_854_775_807n],
        [2, 0n],
      ]),
    )
  })

  it('leaves bad entries out and names them', () => {
    const offsets = '"a":1,"-1":1,"2147483648":1,"0":42.0,"1":1e3,"2":null,"3":-1,"4":"x","5":true'
    const { lastOffsetsByPartition, refused } = resumeOf(
      `"lastOffsetsByPartition":{${offsets},"6":9223372036854775808,"7":"5"}`,
    )
    expect(lastOffsetsByPartition).toEqual(new Map([[7, 5n]]))
    expect(refused).toHaveLength(10)
    expect(refused).toContain('partition 6')
  })

  it('is the same whether its names are read as a list or as an object', () => {
    const name = fc.constantFrom('1', '+1', '2', 't', '__proto__', '')
    const value = fc.constantFrom('1', '"2"', '"x"', 'null', '-1', '[]', '{"a":1}', '1.0')
    const map = fc
      .array(fc.tuple(name, value))
      .map((all) => `{${all.map(([key, one]) => `${JSON.stringify(key)}: ${one}`).join()}}`)
    fc.assert(
      fc.property(map, map, (offsets, threads) => {
        const text =
          `{"lastOffsetsByPartition": ${offsets},"type":"resume",` +
          `"lastSequencesByThread" :${threads}}`
        const [listed, whole] = [parseClientFrame(text), parseControl(text)].map((read) => {
          if (!read.ok || read.frame.type !== 'resume') throw new Error('no resume')
          return { ...read.frame, refused: new Set(read.frame.refused) }
        })
        expect(listed).toEqual(whole)
      }),
    )
  })

  it('takes the smaller offset of a partition that is named twice', () => {
    const offsets = ['{"1":5,"+1":3}', '{"1":3,"+1":5}'].map((map) =>
      resumeOf(`"lastOffsetsByPartition":${map}`).lastOffsetsByPartition.get(1),
    )
    expect(offsets).toEqual([3n, 3n])
  })

  it('goes by partition as soon as it has offsets, whatever they are', () => {
    expect(mode('"lastOffsetsByPartition":null')).toBe('partition')
    expect(mode('"lastOffsetsByPartition":[],"mode":"thread"')).toBe('thread')
    expect(mode('"lastSequencesByThread":{"t":1}')).toBe('thread')
    expect(mode('"threadId":"t","lastSequence":"x"')).toBe('thread')
    for (const nothing of ['', '"lastSequencesByThread":{}', '"lastSequencesByThread":null']) {
      expect(mode(nothing)).toBe('partition')
    }
    expect(mode('"mode":"partition"')).toBe('partition')
  })

  it('starts at the cursor unless it says otherwise explicitly', () => {
    expect([from('"from":"latest"'), from('"from":"Earliest"'), from('"from":7')]).toEqual([
      'latest',
      'cursor',
      'cursor',
    ])
  })

  it('takes the legacy pair where there is no map', () => {
    const pair = '"threadId":"t","lastSequence":18446744073709551615'
    expect(resumeOf(pair).lastSequencesByThread).toEqual(new Map([['t', 2n ** 64n - 1n]]))
    expect(resumeOf(`${pair},"lastSequencesByThread":{}`).lastSequencesByThread.size).toBe(0)
    const isRead = resumeOf(`${pair},"lastSequencesByThread":null`).lastSequencesByThread.has('t')
    expect(isRead).toBe(true)
    expect(resumeOf('"threadId":"t"').refused).toEqual(['thread t'])
  })
})
